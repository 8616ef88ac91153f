# SPDX-License-Identifier: GPL-2.0-or-later
"""spice-html5 in Chromium, as a client that connects to the server's own WebSocket."""

import base64
import functools
import http.server
import io
import os
import re
import shlex
import subprocess
import threading

import numpy
from PIL import Image

from .picture import Picture
from .waiting import SCALE, Late, wait_until

PAGES = "/usr/share/spice-html5"
CANVAS = "#spice-screen canvas"


def missing():
    """The part of it that is not installed, or None"""
    for path in (PAGES, "/usr/bin/chromium", "/usr/bin/chromedriver"):
        if not os.path.exists(path):
            return "{} is missing: scripts/test browser installs it".format(path)
    return None


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def serve_pages():
    """A server of spice-html5's pages on a port of 127.0.0.1, in threads of its own"""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=PAGES))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class PagesOverThere:
    """The same server, at the client's end of a link"""

    def __init__(self, link):
        self._process = subprocess.Popen(
            link.on_client + ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "-d", PAGES, "0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self._process.stdout.readline()
        found = re.search(r" port (\d+)", line)
        if not found:
            self.shutdown()
            raise Late("no server of pages: {!r}".format(line))
        self.server_port = int(found.group(1))

    def shutdown(self):
        self._process.terminate()
        self._process.wait()

    def server_close(self):
        self._process.stdout.close()


class Browser:
    """A context manager: Chromium with the page, connected to a port of SPICE's on 127.0.0.1

    link: the browser is at the client's end of it, and SPICE at the other
    """

    def __init__(self, port, profile, window="1400x1100", link=None):
        self._port, self._profile, self._window, self._link = port, profile, window, link
        self._server = self._driver = None

    def _chromium(self):
        """The script that the driver starts: Chromium, at the end of the link"""
        if not self._link:
            return "/usr/bin/chromium"
        os.makedirs(self._profile, exist_ok=True)
        path = os.path.join(self._profile, "chromium-over-there")
        with open(path, "w", encoding="utf-8") as script:
            script.write('#!/bin/sh\nexec {} /usr/bin/chromium "$@"\n'.format(shlex.join(self._link.on_client)))
        os.chmod(path, 0o755)
        return path

    def __enter__(self):
        # Here, so that other tests do not require it
        from selenium import webdriver

        self._server = PagesOverThere(self._link) if self._link else serve_pages()
        try:
            options = webdriver.ChromeOptions()
            options.binary_location = self._chromium()
            if self._link:
                options.add_argument("--remote-debugging-pipe") # the driver is not at that end
            for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--window-size=" + self._window.replace("x", ","),
                         "--user-data-dir=" + self._profile):
                options.add_argument(word)
            service = webdriver.ChromeService("/usr/bin/chromedriver")
            self._driver = webdriver.Chrome(options=options, service=service)
            self._driver.set_script_timeout(30 * SCALE)
            self._driver.get("http://127.0.0.1:{}/spice_auto.html?host={}&port={}".format(
                self._server.server_port, self._link.address if self._link else "127.0.0.1", self._port))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._driver:
            self._driver.quit()
        if self._server:
            self._server.shutdown()
            self._server.server_close()

    def picture(self):
        """The canvas's picture; None if there is none yet"""
        url = self._driver.execute_script(
            "let canvas = document.querySelector(arguments[0]);"
            "return canvas && canvas.width ? canvas.toDataURL('image/png') : null", CANVAS)
        if not url:
            return None
        with Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))) as image:
            return Picture(numpy.asarray(image.convert("RGB")).astype(int))

    def wait_for_picture(self, wrong, timeout=60):
        """Waits until wrong(picture) is None; returns that picture"""
        last = {}

        def look():
            last["picture"] = self.picture()
            last["wrong"] = wrong(last["picture"]) if last["picture"] else "there is no canvas"
            return last["wrong"] is None

        wait_until(look, lambda: "the browser's picture is wrong: {}".format(last["wrong"]), timeout, 0.2)
        return last["picture"]

    def type(self, text):
        from selenium.webdriver import ActionChains

        ActionChains(self._driver).send_keys(text).perform()

    def point_at(self, x, y):
        """Moves the pointer to a pixel of the canvas"""
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.by import By

        canvas = self._driver.find_element(By.CSS_SELECTOR, CANVAS)
        size = canvas.size
        ActionChains(self._driver).move_to_element_with_offset(
            canvas, x - size["width"] // 2, y - size["height"] // 2).perform()
