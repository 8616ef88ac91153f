# SPDX-License-Identifier: GPL-2.0-or-later
"""The tools for admins: spicegl-doctor, spicegl-top, spicegl-exporter."""

import glob
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile

from support import stack
from support.vmtest import VmTest
from support.waiting import SCALE, wait_until


def run(name, *words, environment=None):
    return subprocess.run([stack.admin(name), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60 * SCALE, check=False,
                          env=dict(os.environ, **(environment or {})))


class ToolsTest(VmTest):

    def setUp(self):
        super().setUp()
        # Unix socket paths are limited to 107 bytes: not below a test's own directory
        self.rundir = tempfile.mkdtemp(prefix="spicegl-")

    def tearDown(self):
        try:
            super().tearDown()
        finally:
            shutil.rmtree(self.rundir, ignore_errors=True)

    def _script(self, name, text):
        path = os.path.join(self.workdir, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, stat.S_IRWXU)
        return path


class Watching(ToolsTest):
    """:avocado: tags=beside"""

    def _monitored(self):
        """A machine with a monitor for the tools, and its socket"""
        path = os.path.join(self.rundir, "web.sock")
        return self.machine(unix=True, many_clients=True, guest={"pattern": "motion", "flips": "forever"},
                            extra=["-qmp", "unix:{},server=on,wait=off".format(path)]), path

    def _with_clients(self, vm):
        """A local client and then a remote one; the tools must report how these are served"""
        vm.client("unix").wait_for_frames(1)
        vm.client("tcp").wait_for_frames(1)

        def served(display):
            paths = {client["path"]: client.get("codec") for client in display["clients"]}
            return set(paths) == {"local", "software"} and paths["software"]

        vm.wait_for_display(served, "a local client, and a remote one that gets video")

    def _is_the_table(self, done, vm):
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(vm.display()["egl-renderer"], done.stdout)
        lines = [line.split() for line in done.stdout.splitlines()]
        table = {line[2]: line for line in lines if re.match(r"-?\d+$", line[0])}
        self.assertEqual(set(table), {"local", "software"}, done.stdout)
        local, remote = table["local"], table["software"]
        self.assertEqual(local[1], "unix")
        self.assertRegex(remote[1], r"^127\.0\.0\.1:\d+$")
        self.assertEqual((local[3], local[7]), ("-", "-"))
        self.assertIn(remote[3], ("mjpeg", "h264", "vp8", "vp9"))
        # frames, frames per second, Mbit/s, round trip
        for number in local[4], local[5], remote[4], remote[5], remote[6], remote[8]:
            self.assertGreater(float(number), 0, done.stdout)

    def test_top_shows_how_each_client_is_served(self):
        vm, monitor = self._monitored()
        with vm:
            self._with_clients(vm)
            self._is_the_table(run("top", "--once", monitor), vm)

    def test_top_goes_on_until_it_is_ended(self):
        vm, monitor = self._monitored()
        with vm:
            top = subprocess.Popen([stack.admin("top"), "--interval", "0.2", monitor],
                                   stdout=subprocess.PIPE, text=True)
            with top:
                for _ in range(6):
                    self.assertTrue(top.stdout.readline())
                top.send_signal(signal.SIGTERM)
                self.assertEqual(top.wait(10 * SCALE), 128 + signal.SIGTERM)

    def test_top_and_exporter_ask_virsh_for_a_domain(self):
        vm, monitor = self._monitored()
        self._script("virsh", """#!{}
import json, socket, sys
assert sys.argv[1:3] == ["-q", "qemu-monitor-command"] and sys.argv[3] == "web", sys.argv
with socket.socket(socket.AF_UNIX) as monitor:
    monitor.connect({!r})
    lines = monitor.makefile("rw")
    for line in '{{"execute": "qmp_capabilities"}}', sys.argv[4]:
        lines.readline()
        lines.write(line + "\\n")
        lines.flush()
    print(lines.readline())
""".format(sys.executable, monitor))
        environment = {"PATH": self.workdir + ":" + os.environ["PATH"]}
        with vm:
            self._with_clients(vm)
            self._is_the_table(run("top", "--once", "libvirt:web", environment=environment), vm)
            output = os.path.join(self.workdir, "spicegl.prom")
            run("exporter", "--once", "--output", output, "libvirt:web", environment=environment)
            self.assertIn('spicegl_up{vm="web"} 1', self._read(output))

    def test_the_reason_of_virshs_is_passed_on(self):
        self._script("virsh", "#!/bin/sh\necho 'error: failed to get domain' >&2\nexit 1\n")
        done = run("top", "libvirt:web", environment={"PATH": self.workdir + ":" + os.environ["PATH"]})
        self.assertEqual((done.returncode, done.stderr),
                         (1, "spicegl-top: virsh: error: failed to get domain\n"))

    def _read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def test_the_exporter_writes_what_prometheus_reads(self):
        vm, monitor = self._monitored()
        output = os.path.join(self.workdir, "spicegl.prom")
        with vm:
            self._with_clients(vm)
            done = run("exporter", "--once", "--output", output, monitor)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            text = self._read(output)
        samples = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_]+\{([a-z]+="[^"]*",?)+\} [-+.e0-9]+$')
                name, labels, value = re.match(r"(\w+)\{(.*)\} (.*)", line).groups()
                labels = dict(re.findall(r'(\w+)="([^"]*)"', labels))
                samples[(name, labels.get("path"))] = (labels, float(value))
        for path in "local", "software":
            labels, value = samples[("spicegl_client_frames_total", path)]
            self.assertEqual((labels["vm"], labels["display"]), ("web", "0"))
            self.assertGreater(value, 0)
        self.assertTrue(samples[("spicegl_client_frames_total", "software")][0]["codec"])
        self.assertGreater(samples[("spicegl_client_round_trip_seconds", "software")][1], 0)
        self.assertNotIn(("spicegl_client_round_trip_seconds", "local"), samples)
        self.assertGreater(samples[("spicegl_display_draws_total", None)][1], 0)
        # The collector is another user
        self.assertEqual(stat.S_IMODE(os.stat(output).st_mode), 0o644)
        self.assertEqual(glob.glob(output + "?*"), [])

    def test_the_exporter_goes_on_where_a_machine_is_gone(self):
        output = os.path.join(self.workdir, "spicegl.prom")
        gone = os.path.join(self.rundir, "gone.sock")
        done = run("exporter", "--once", "--output", output, gone)
        self.assertEqual(done.returncode, 1)
        self.assertIn("cannot connect to " + gone, done.stderr)
        self.assertIn('spicegl_up{vm="gone"} 0', self._read(output))
        exporter = subprocess.Popen([stack.admin("exporter"), "--interval", "1", "--output", output, gone],
                                    stderr=subprocess.PIPE, text=True)
        with exporter:
            for _ in range(2):
                self.assertIn("cannot connect", exporter.stderr.readline())
            exporter.send_signal(signal.SIGTERM)
            self.assertEqual(exporter.wait(10 * SCALE), 128 + signal.SIGTERM)

    def test_bad_command_lines_are_told_so(self):
        for words in (["top"], ["top", "a", "b"], ["top", "--interval", "0", "a"], ["top", "--bogus"],
                      ["exporter", "a"], ["exporter", "--output", "x"], ["doctor", "x"],
                      ["doctor", "--port", "0"], ["doctor", "--port", "70000"], ["doctor", "--timeout", "-1"]):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn("see --help", done.stderr)
        done = run("exporter", "--once", "--output", "/nonexistent/x.prom", "/nonexistent/socket")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/nonexistent/x.prom", done.stderr)


class Doctor(ToolsTest):
    """:avocado: tags=beside"""

    def _findings(self, *words, environment=None, problems=0):
        """Its findings: {what: finding}"""
        done = run("doctor", "--json", *words, environment=environment)
        self.assertEqual(done.returncode, 1 if problems else 0, done.stdout + done.stderr)
        findings = json.loads(done.stdout)
        self.assertEqual(len([f for f in findings if f["state"] == "problem"]), problems, findings)
        for finding in findings:
            self.assertEqual(set(finding), {"what", "state", "finding", "remedy"})
            self.assertEqual(bool(finding["remedy"]), finding["state"] != "ok", finding)
        return {finding["what"]: finding for finding in findings}

    def _problem(self, what, *words, environment=None):
        found = self._findings(*words, environment=environment, problems=1)[what]
        self.assertEqual(found["state"], "problem")
        return found["finding"]

    def test_rendering_in_software_is_a_warning_with_a_remedy(self):
        if glob.glob("/dev/dri/renderD*") or os.path.exists("/dev/nvidiactl"):
            self.cancel("this host has a GPU: rendering is not in software")
        found = self._findings()
        self.assertEqual(found["QEMU"]["state"], "ok")
        self.assertEqual(found["rendering"]["state"], "warning")
        for words in "in software: llvmpipe", "tried: gbm: there is no DRM render node":
            self.assertIn(words, found["rendering"]["finding"])
        self.assertIn("install the GPU's driver", found["rendering"]["remedy"])
        self.assertEqual(found["software encoders"]["finding"], "H.264, VP8, VP9, JPEG")
        self.assertEqual(found["QEMU's sandbox"]["state"], "ok")

    def test_each_fact_is_a_line(self):
        done = run("doctor", "--qemu", "/nonexistent/qemu")
        self.assertEqual((done.returncode, done.stderr), (1, ""))
        self.assertTrue(done.stdout.startswith("problem  QEMU: "), done.stdout)
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"^((ok|warning|problem) +\S.*: \S|  remedy: \S)")

    def test_a_gpu_is_no_warning(self):
        folder = os.path.join(self.workdir, "dri")
        os.mkdir(folder)
        os.symlink("/dev/null", os.path.join(folder, "renderD128"))
        found = self._findings(environment={
            "LD_PRELOAD": stack.gpu_double(), "GPU_DOUBLE_NODES": folder, "GPU_DOUBLE_PLATFORM": "gbm"})
        self.assertEqual(found["rendering"]["state"], "ok")
        self.assertIn("a double of a GPU, EGL platform gbm on /dev/dri/renderD128", found["rendering"]["finding"])

    def test_with_dmabufs_local_clients_are_said_to_get_them(self):
        if stack.has_real_udmabuf():
            self.cancel("this host has /dev/udmabuf")
        found = self._findings(environment={"LD_PRELOAD": stack.udmabuf_double()})
        self.assertEqual(found["dma-buf export"]["finding"], "yes")
        self.assertEqual(found["a client on a Unix socket gets"]["finding"], "dma-bufs, without a copy")

    def test_encoders_that_are_missing_are_not_promised(self):
        found = self._findings(environment={"GST_PLUGIN_SYSTEM_PATH_1_0": self.workdir})
        self.assertEqual(found["software encoders"]["state"], "warning")
        self.assertEqual(found["a remote client gets"]["finding"], "JPEG")

    def test_where_nobody_can_listen_is_a_problem(self):
        missing, used = os.path.join(self.rundir, "missing", "s"), os.path.join(self.rundir, "s")
        with socket.socket() as taken, socket.socket(socket.AF_UNIX) as listening:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listening.bind(used)
            listening.listen()
            number = str(taken.getsockname()[1])
            places = ["--port", number, "--socket", missing, "--socket", used]
            found = self._findings(*places, problems=3)
            for what, words in (("port " + number, "another program"), ("socket " + missing, "No such file"),
                                ("socket " + used, "another program")):
                self.assertEqual(found[what]["state"], "problem")
                self.assertIn(words, found[what]["finding"])
        os.mkdir(os.path.dirname(missing))
        self._findings(*places)
        self.assertEqual(os.listdir(os.path.dirname(missing)), [])

    def test_a_render_node_that_does_not_exist_is_a_problem(self):
        said = self._problem("rendering", "--rendernode", "/dev/dri/renderD255")
        for words in "no platform works on /dev/dri/renderD255", "No such file":
            self.assertIn(words, said)

    def test_a_qemu_that_is_not_there_is_a_problem(self):
        self.assertIn("No such file", self._problem("QEMU", "--qemu", "/nonexistent/qemu"))

    def test_a_qemu_without_the_queue_is_a_problem(self):
        """:avocado: tags=stock"""
        qemu = stack.built("install/stock/bin/qemu-system-x86_64", "scripts/build stock")
        self.assertIn("without this project's queue", self._problem("QEMU", "--qemu", qemu))

    def test_a_spice_server_without_the_queue_is_a_problem(self):
        """:avocado: tags=stock"""
        stock = stack.built("install/stock/lib", "scripts/build stock")
        self.assertIn("spice-server that accepts EGL", self._problem(
            "rendering", environment={"LD_LIBRARY_PATH": stock}))

    def test_a_program_that_is_no_qemu_is_a_problem(self):
        self.assertIn("does not start", self._problem("QEMU", "--qemu", "false"))

    def test_a_sandbox_that_does_not_work_is_a_problem(self):
        qemu = self._script("qemu", "#!/bin/sh\ncase \"$*\" in *-sandbox*)\n"
                            "    echo 'qemu: sandbox support is not enabled in this QEMU' >&2\n    exit 1 ;;\n"
                            "esac\nexec '{}' \"$@\"\n".format(stack.qemu()))
        self.assertIn("not enabled", self._problem("QEMU's sandbox", "--qemu", qemu))

    # It leaves no process behind

    def _hanging(self):
        """A double of QEMU that reports its version, and hangs when it should render; and the file that it
        then writes"""
        left = os.path.join(self.workdir, "left")
        return self._script("qemu", "#!/bin/sh\ncase \"$*\" in *'-machine none'*) exec '{0}' \"$@\" ;; esac\n"
                            "echo \"$$ $*\" >'{1}.part'\nmv '{1}.part' '{1}'\nexec sleep 600\n".format(
                                stack.qemu(), left)), left

    def _nothing_stays(self, left):
        with open(left, encoding="utf-8") as file:
            words = file.read()
        wait_until(lambda: not os.path.exists("/proc/" + words.split()[0]), "QEMU's end")
        folder = re.search(r"addr=(/tmp/spicegl-doctor\.\w+)/", words).group(1)
        self.assertFalse(os.path.exists(folder))

    def test_a_qemu_that_hangs_is_a_problem_and_is_ended(self):
        qemu, left = self._hanging()
        self.assertIn("does not answer", self._problem("rendering", "--qemu", qemu, "--timeout", "10"))
        self._nothing_stays(left)

    def test_a_doctor_that_is_ended_leaves_nothing_behind(self):
        qemu, left = self._hanging()
        doctor = subprocess.Popen([stack.admin("doctor"), "--qemu", qemu, "--timeout", "60"])
        with doctor:
            wait_until(lambda: os.path.exists(left), "QEMU runs")
            doctor.send_signal(signal.SIGTERM)
            self.assertEqual(doctor.wait(20 * SCALE), 128 + signal.SIGTERM)
        self._nothing_stays(left)

    def test_a_full_report_has_what_the_archives_programs_say(self):
        self._script("spicegl-try", "#!/bin/sh\necho 'renders on: paper'\n")
        self._script("spicegl-micro", "#!/bin/sh\necho \"no node $*\" >&2\nexit 1\n")
        environment = {"PATH": self.workdir + ":" + os.environ["PATH"]}
        found = self._findings("--full", environment=environment, problems=1)
        self.assertIn("renders on: paper", found["spicegl-try"]["finding"])
        self.assertIn("no node", found["spicegl-micro"]["finding"])
        self.assertIn("exited with status 1", found["spicegl-micro"]["finding"])
