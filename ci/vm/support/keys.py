# SPDX-License-Identifier: GPL-2.0-or-later
"""Credentials of servers and clients: certificates, and a SASL user database."""

import os
import subprocess


def _openssl(*arguments):
    subprocess.run(["openssl", *arguments], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.PIPE)


def certificates(folder, host="127.0.0.1"):
    """A directory for -spice x509-dir=: a CA of its own, and a server certificate for host"""
    os.makedirs(folder)
    path = {name: os.path.join(folder, name) for name in
            ("ca-key.pem", "ca-cert.pem", "server-key.pem", "server-cert.pem", "request", "names")}
    new_key = ("-newkey", "rsa:2048", "-nodes")
    _openssl("req", "-x509", *new_key, "-days", "2", "-subj", "/CN=CA of " + os.path.basename(folder),
             "-keyout", path["ca-key.pem"], "-out", path["ca-cert.pem"])
    _openssl("req", *new_key, "-subj", "/CN=" + host, "-keyout", path["server-key.pem"],
             "-out", path["request"])
    with open(path["names"], "w", encoding="ascii") as names:
        names.write("subjectAltName=IP:{}\n".format(host))
    _openssl("x509", "-req", "-days", "2", "-in", path["request"], "-CA", path["ca-cert.pem"],
             "-CAkey", path["ca-key.pem"], "-set_serial", "1", "-extfile", path["names"],
             "-out", path["server-cert.pem"])
    return folder


def ca_file(folder):
    return os.path.join(folder, "ca-cert.pem")


def sasl_users(folder, mechanisms, users):
    """Makes a SASL configuration for QEMU with users {name: password}; returns the environment
    in which QEMU finds it"""
    os.makedirs(folder)
    database = os.path.join(folder, "users.db")
    with open(os.path.join(folder, "qemu.conf"), "w", encoding="ascii") as config:
        config.write("mech_list: {}\npwcheck_method: auxprop\nauxprop_plugin: sasldb\n"
                     "sasldb_path: {}\n".format(mechanisms, database))
    for name, password in users.items():
        subprocess.run(["saslpasswd2", "-c", "-p", "-f", database, name], check=True,
                       input=password, text=True)
    return {"SASL_CONF_PATH": folder}
