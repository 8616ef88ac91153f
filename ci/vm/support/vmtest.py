# SPDX-License-Identifier: GPL-2.0-or-later
"""The base class of the VM tests."""

import fcntl
import os

from avocado import Test

from . import eglcalls, endings, stack, waiting
from .bare import BareMachine
from .link import LinkedMachine
from .machine import Machine

# The size of the guest's screen in tests with the tag "beside" that name no other: emulated CPUs and
# software renderers and encoders need time for each pixel. In other tests it is 1280x720.
SIZE = (640, 360)


class VmTest(Test):
    """Machines of a test are closed at its end, whatever happens.

    Tests of a class with the tag "beside" check what happens, not how soon: they may run side by
    side. All others have the computer to themselves.
    """

    # Seconds. A test that hangs is ended, and has failed.
    timeout = 300 * waiting.SCALE

    def setUp(self):
        self._machines = []
        # If a server sends nonsense, spice-gtk and GLib print a critical message, and continue
        os.environ["G_DEBUG"] = "fatal-criticals"
        os.makedirs(stack.BUILD, exist_ok=True)
        # However many tests Avocado runs side by side
        self._turn = open(os.path.join(stack.BUILD, "vm.lock"), "w", encoding="ascii")
        fcntl.flock(self._turn, fcntl.LOCK_SH if self._runs_beside_others() else fcntl.LOCK_EX)

    def tearDown(self):
        problems = []
        try:
            for machine in self._machines:
                problems += machine.end()
        finally:
            self._turn.close()
        endings.leave(None, problems)

    def _runs_beside_others(self):
        return "beside" in (self.tags or {})

    def machine(self, dmabuf=True, preload=(), **options):
        """A machine that has not been started.

        dmabuf: whether its EGL can export dma-bufs; where the host has a udmabuf driver it
            always can
        link: a Link at whose end it is
        bare: it has no guest; the test drives its device, see support/bare.py
        """
        libraries = (stack.dmabuf_preload() if dmabuf else []) + list(preload)
        options.setdefault("name", "vm{}".format(len(self._machines)))
        if self._runs_beside_others():
            options["guest"] = dict({"size": "{}x{}".format(*SIZE)}, **(options.get("guest") or {}))
        kind = LinkedMachine if "link" in options else BareMachine if options.pop("bare", False) else Machine
        machine = kind(self.logdir, preload=libraries, **options)
        self._machines.append(machine)
        return machine

    def counted_machine(self, preload=(), **options):
        """A machine whose EGL calls are counted, see egl_calls()"""
        path = os.path.join(self.logdir, "egl-calls")
        environment = dict(options.pop("environment", {}), EGLCOUNT_FILE=path)
        return self.machine(preload=[stack.eglcount(), *preload], environment=environment, **options)

    def egl_calls(self):
        return eglcalls.read(os.path.join(self.logdir, "egl-calls"))

    def needs_no_udmabuf(self):
        if stack.has_real_udmabuf():
            self.cancel("this host has /dev/udmabuf: its EGL always exports dma-bufs")
