"""A mail server that keeps what it is given, one JSON object per mail in a file.

    serve.py PORT FILE [slow | CERTIFICATE KEY starttls|tls]

Port 0 takes a free one; it is printed when the server is ready. With a certificate it wants encryption, after STARTTLS or
from the first byte, and a log-in. A slow one keeps a mail for a while before
it answers.
"""
import asyncio
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Keep:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data.login.decode() if session.auth_data else None,
            "tls": server.transport.get_extra_info("sslcontext") is not None,
            "mail": envelope.content.decode("ascii"),
        }
        with open(sys.argv[2], "a") as file:
            file.write(json.dumps(mail) + "\n")
        if sys.argv[3:] == ["slow"]:
            await asyncio.sleep(0.5)
        return "250 2.0.0 kept"


def check(server, session, envelope, mechanism, data):
    good = isinstance(data, LoginPassword) and data.login == b"leaseline" and data.password == b"geheim"
    return AuthResult(success=good, handled=good, auth_data=data)


async def main():
    options = {}
    at_once = None
    if len(sys.argv) > 4:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
        options = {"authenticator": check, "auth_required": True, "auth_require_tls": False}
        if sys.argv[5] == "tls":
            at_once = context
        else:
            options |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keep(), **options), "127.0.0.1", int(sys.argv[1]), ssl=at_once)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
