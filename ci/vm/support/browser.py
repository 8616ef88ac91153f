# SPDX-License-Identifier: GPL-2.0-or-later
"""spice-html5 in Chromium, as a client that connects to the server's own WebSocket."""

import base64
import functools
import http.server
import io
import os
import threading

import numpy
from PIL import Image

from .picture import Picture
from .waiting import SCALE, wait_until

PAGES = "/usr/share/spice-html5"
CANVAS = "#spice-screen canvas"


def missing():
    """What of it is not installed, or None"""
    for path in (PAGES, "/usr/bin/chromium", "/usr/bin/chromedriver"):
        if not os.path.exists(path):
            return "{} is missing: scripts/test browser installs it".format(path)
    return None


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Browser:
    """A context manager: Chromium with the page, connected to a port of SPICE's on 127.0.0.1"""

    def __init__(self, port, profile, window="1400x1100"):
        self._port, self._profile, self._window = port, profile, window
        self._server = self._driver = None

    def __enter__(self):
        # Here, so that other tests need not have it
        from selenium import webdriver

        handler = functools.partial(Quiet, directory=PAGES)
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        try:
            options = webdriver.ChromeOptions()
            options.binary_location = "/usr/bin/chromium"
            for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--window-size=" + self._window.replace("x", ","),
                         "--user-data-dir=" + self._profile):
                options.add_argument(word)
            service = webdriver.ChromeService("/usr/bin/chromedriver")
            self._driver = webdriver.Chrome(options=options, service=service)
            self._driver.set_script_timeout(30 * SCALE)
            self._driver.get("http://127.0.0.1:{}/spice_auto.html?host=127.0.0.1&port={}".format(
                self._server.server_port, self._port))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._driver:
            self._driver.quit()
        self._server.shutdown()
        self._server.server_close()

    def picture(self):
        """What the canvas shows, None if there is none yet"""
        url = self._driver.execute_script(
            "let canvas = document.querySelector(arguments[0]);"
            "return canvas && canvas.width ? canvas.toDataURL('image/png') : null", CANVAS)
        if not url:
            return None
        with Image.open(io.BytesIO(base64.b64decode(url.split(",", 1)[1]))) as image:
            return Picture(numpy.asarray(image.convert("RGB")).astype(int))

    def wait_for_picture(self, wrong, timeout=60):
        """Until wrong(picture) is None"""
        last = {}

        def look():
            picture = self.picture()
            last["wrong"] = wrong(picture) if picture else "there is no canvas"
            return last["wrong"] is None

        wait_until(look, lambda: "the browser's picture is wrong: {}".format(last), timeout, 0.2)

    def type(self, text):
        from selenium.webdriver import ActionChains

        ActionChains(self._driver).send_keys(text).perform()

    def point_at(self, x, y):
        """The pointer, to a pixel of the canvas"""
        from selenium.webdriver import ActionChains
        from selenium.webdriver.common.by import By

        canvas = self._driver.find_element(By.CSS_SELECTOR, CANVAS)
        size = canvas.size
        ActionChains(self._driver).move_to_element_with_offset(
            canvas, x - size["width"] // 2, y - size["height"] // 2).perform()
