# SPDX-License-Identifier: GPL-2.0-or-later
"""One QEMU with the test guest in it."""

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

from . import endings, sanitizers, stack
from .client import Client
from .picture import Picture
from .serial import Serial
from .waiting import SCALE, Late, wait_until


# Turns off what a kernel does at its start that no test needs, and that takes an emulated CPU more than
# a second: patching itself against attacks, checking signatures and sources of randomness. It
# would also check that its timer ticks, and fail if a busy host makes it wait for that; and
# complain if such a host makes a processor wait for 20 seconds (now 120).
KERNEL = ("console=ttyS0 quiet panic=-1 mitigations=off nokaslr noreplace-smp rodata=off "
          "no_timer_check watchdog_thresh=60 cryptomgr.notests initcall_blacklist=load_system_certificate_list,jent_mod_init")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Machine:
    """A context manager: on entry the guest is up ('ready' has been seen, unless requested otherwise).

    guest: options of ci/guest, e.g. {"pattern": "band", "flips": 0}; flips 0 shows the
        first frame and waits for commands
    spice: more -spice options, e.g. ["streaming-video=off"]
    tcp, unix: how clients may connect; unix alone is what stock QEMU takes with gl=on
    display: what -display gets, in place of -spice
    tls: a directory with QEMU's x509 files: clients may connect with TLS too
    auth: the -spice options about who may connect
    many_clients: several clients may be connected at the same time, which spice-server allows
        only if its environment says so
    environment: for QEMU, on top of this process's
    first, extra: more of QEMU's options, before all others and after them
    exits: the statuses with which QEMU may end; those of signals are negative
    kernel: another file than stack.guest()'s

    On exit it raises AssertionError if QEMU, a client or the guest's kernel has ended with an
    error, or if one of their logs has a message that must never occur.
    """

    def __init__(self, logdir, guest=None, gl=True, tcp=True, unix=False, heads=1,
                 device=None, spice=(), extra=(), environment=None, qemu=None, append="",
                 name="vm", preload=(), many_clients=False, tls=None,
                 auth=("disable-ticketing=on",), display=None, exits=(0,), kernel=None, first=()):
        self.guest = dict({"flips": "0"}, **(guest or {}))
        self.name = name
        self._gl, self._tcp, self._unix = gl, tcp, unix
        self._tls, self._auth, self._display = tls, list(auth), display
        self._heads, self._device = heads, device
        self._spice, self._extra, self._append = list(spice), list(extra), append
        self._environment, self._preload = dict(environment or {}), list(preload)
        if many_clients:
            self._environment["SPICE_DEBUG_ALLOW_MC"] = "1"
        self._qemu, self._exits, self._ended = qemu, exits, False
        self._kernel, self._first = kernel, list(first)
        self.logdir = os.path.join(logdir, name)
        os.makedirs(self.logdir, exist_ok=True)
        # Unix socket paths are limited to 107 bytes: not below a test's log directory
        self.rundir = tempfile.mkdtemp(prefix="spicegl-")
        os.chmod(self.rundir, 0o755)
        self.port = self.tls_port = None
        self.process = self.serial = self._monitor = None
        self._clients = []

    # The parts that run

    def socket_path(self):
        return os.path.join(self.rundir, "spice.sock")

    def _spice_option(self):
        options = list(self._auth)
        if self._gl:
            options.append("gl=on")
        if self._tls:
            self.tls_port = free_port()
            options += ["tls-port={}".format(self.tls_port), "x509-dir=" + self._tls]
        if self._tcp:
            self.port = free_port()
            options += ["addr=127.0.0.1", "port={}".format(self.port)]
            if self._unix:
                options.append("unix-path=" + self.socket_path())
        elif self._unix:
            options += ["unix=on", "addr=" + self.socket_path()]
        return ",".join(options + self._spice)

    def command(self, monitor):
        """monitor: the descriptor of a connected socket, for QMP"""
        kernel, initrd = stack.guest()
        device = self._device or ("virtio-gpu-gl-pci" if self._gl else "virtio-gpu-pci")
        device += ",id=gpu"
        if self._heads > 1:
            device += ",max_outputs={}".format(self._heads)
        words = " ".join("spicegl.{}={}".format(*item) for item in self.guest.items())
        show = (["-display", self._display] if self._display else
                ["-display", "none", "-spice", self._spice_option()])
        return [self._qemu or stack.qemu(), *self._first, "-machine", "q35", "-accel", stack.accelerator(),
                "-m", "512", "-nodefaults", *show, "-vga", "none", "-device", device,
                "-chardev", "socket,id=serial,path=" + os.path.join(self.rundir, "serial"),
                "-serial", "chardev:serial",
                "-chardev", "socket,id=monitor,fd={}".format(monitor),
                "-mon", "chardev=monitor,mode=control",
                "-kernel", self._kernel or kernel, "-initrd", initrd, "-append",
                "{} {} {}".format(KERNEL, words, self._append).strip(),
                *self._extra]

    def start(self, ready=True):
        """ready: wait until the guest shows its first frame"""
        self.serial = Serial(os.path.join(self.rundir, "serial"),
                             os.path.join(self.logdir, "serial.log"))
        environment = dict(os.environ)
        environment.update(sanitizers.environment(self.logdir))
        environment.update(self._environment)
        # A sandboxed or multi-user host: never use a session's display or GPU by accident
        environment.pop("DISPLAY", None)
        environment.pop("WAYLAND_DISPLAY", None)
        if self._preload:
            environment["LD_PRELOAD"] = ":".join(self._preload)
        # Connected from the start: a client that connects to a listening monitor while the machine
        # starts may get RESUME, or another event, before the greeting
        ours, theirs = socket.socketpair()
        with theirs:
            command = self.command(theirs.fileno())
            with open(os.path.join(self.logdir, "command"), "w", encoding="utf-8") as file:
                file.write(" ".join(command) + "\n")
            with open(self.stderr_path(), "ab") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                                stderr=log, env=environment,
                                                pass_fds=[theirs.fileno()])
        self._connect_monitor(ours)
        if ready:
            self.wait_ready()
        return self

    def _connect_monitor(self, end):
        legacy = stack.import_qmp()
        self._monitor = legacy.QEMUMonitorProtocol(end)
        try:
            self._monitor.connect()
        except Exception as error:
            # If QEMU ends at once, its own message is the reason that matters
            try:
                status = "status {}".format(self.process.wait(5))
            except subprocess.TimeoutExpired:
                status = str(error)
            raise Late("QEMU did not start, {}: {}".format(status, self.stderr())) from error

    def wait_ready(self, after=0, timeout=60):
        return self.serial.wait("SPICEGL ready", timeout, after)

    def __enter__(self):
        try:
            return self if self.process else self.start()
        except BaseException as error:
            endings.leave(error, self.end())
            raise

    def __exit__(self, _, error, __):
        endings.leave(error, self.end())

    def close(self):
        """Raises AssertionError if anything ends with an error. May be called again, and then does nothing."""
        endings.leave(None, self.end())

    def end(self):
        """Ends everything, and returns all that went wrong, as a list of texts"""
        if self._ended:
            return []
        self._ended, problems = True, []
        for client in self._clients:
            problems += client.end()
        problems += self._stop_process()
        if self._monitor:
            try:
                self._monitor.close()
            except Exception:  # the other end is gone: its message about that is irrelevant
                pass
            self._monitor = None
        if self.serial:
            self.serial.close()
            problems += endings.of_kernel(self.name, self.serial.lines)
        shutil.rmtree(self.rundir, ignore_errors=True)
        return problems + sanitizers.problems(self.logdir)

    def quit(self):
        """Ends only QEMU: clients that have migrated stay"""
        endings.leave(None, self._stop_process())

    def _stop_process(self):
        if not self.process:
            return []
        problems = []
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            try:
                self.process.wait(10 * SCALE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                problems.append("QEMU of {} did not end on SIGTERM; its log ends: {}".format(
                    self.name, endings.last_lines(self.stderr())))
        exits = self._exits if not problems else (self.process.returncode,)
        return problems + endings.of_process("QEMU of {}".format(self.name),
                                             self.process.returncode, exits, self.stderr())

    def stderr_path(self):
        return os.path.join(self.logdir, "qemu.log")

    def stderr(self):
        with open(self.stderr_path(), encoding="utf-8", errors="replace") as log:
            return log.read()

    # The monitor

    def qmp(self, command, **arguments):
        return self._monitor.cmd(command, **arguments)

    def hmp(self, line):
        return self.qmp("human-monitor-command", **{"command-line": line})

    def screenshot(self, **where):
        """The picture that QEMU itself reports; where: screendump's device and head"""
        path = os.path.join(self.rundir, "screenshot.ppm")
        self.qmp("screendump", filename=path, **where)
        picture = Picture.load(path)
        os.remove(path)
        return picture

    def display(self, number=0):
        """query-spice's answer about one display"""
        displays = self.qmp("query-spice").get("displays", [])
        for display in displays:
            if display["id"] == number:
                return display
        raise AssertionError("query-spice has no display {}: {}".format(number, displays))

    def wait_for_display(self, condition, what, number=0, timeout=20):
        """Waits until condition(display) is true; returns the display"""
        last = {}

        def look():
            last["display"] = self.display(number)
            return condition(last["display"]) and last["display"]

        return wait_until(look, lambda: "{}; query-spice has {}".format(what, last), timeout)

    # The guest

    def tell(self, command, timeout=30):
        """Sends one command to the guest, and waits for its answer"""
        after = self.serial.position()
        self.serial.send(command)
        self.serial.wait("SPICEGL ok " + re.escape(command), timeout, after)
        return after

    def flips(self, count, timeout=60):
        """Lets the guest show count frames and waits until the host has taken the last one (without
        virgl it may still be in flight); returns the guest's numbers as a dict:
        flips, t (ms), maxgap (us, the longest time between two frames), gaps (how many
        were longer than the guest's option "gap"), waited and maxwait (us, from asking for a
        frame until it was done)"""
        after = self.tell("flips {}".format(count))
        return self.wait_done(after, timeout)

    def wait_done(self, after=0, timeout=60):
        line = self.serial.wait("SPICEGL done (.*)", timeout, after).group(1)
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}

    def progress(self):
        """The guest's present numbers, as flips() returns them"""
        after = self.serial.position()
        self.serial.send("status")
        line = self.serial.wait("SPICEGL status (.*)", 30, after).group(1)
        return {key: int(value) for key, value in re.findall(r"(\w+)=(\d+)", line)}

    # Clients

    def client(self, way="tcp", name=None, options=(), environment=None, nice=0):
        """A client that is connecting; it is closed with the machine, if not before

        way: "tcp", "unix", "tls", or "both": TLS for the channels that need it; or a URI
        """
        uri = {"unix": "spice+unix://" + self.socket_path(),
               "tcp": "spice://127.0.0.1:{}".format(self.port),
               "tls": "spice://127.0.0.1?tls-port={}".format(self.tls_port),
               "both": "spice://127.0.0.1:{}?tls-port={}".format(self.port, self.tls_port)}.get(way, way)
        client = Client(uri, self.logdir, name or "client{}".format(len(self._clients)),
                        options, environment, nice)
        self._clients.append(client)
        return client

    def clients_log_has(self, words):
        return any(words in client.log() for client in self._clients)

    def forget(self, client):
        """Forgets a client that has been closed, so that many of them need not be kept until the end"""
        self._clients.remove(client)

    # The process, from outside

    def open_files(self):
        """The targets of QEMU's file descriptors: {number: target}"""
        folder = "/proc/{}/fd".format(self.process.pid)
        files = {}
        for entry in os.listdir(folder):
            try:
                files[int(entry)] = os.readlink(os.path.join(folder, entry))
            except FileNotFoundError:
                pass
        return files

    def dmabufs(self):
        """The descriptors that are dma-bufs, or the double's memory"""
        return {fd: target for fd, target in self.open_files().items()
                if "dmabuf" in target or "udmabuf" in target}
