"""Servers that do not behave, on the loopback: one that answers what a test says, and one that stands before
a real MLflow and spoils a request of its choosing."""

import http.client
import http.server
import threading


class Quiet(http.server.ThreadingHTTPServer):
    """Says nothing of a client that went away, as the ones here do when they have had enough."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Server:
    """Runs a handler's server in a thread, until it is closed."""

    def __init__(self, handler, context=None):
        self.http = Quiet(("127.0.0.1", 0), handler)
        self.http.owner = self
        if context:
            self.http.socket = context.wrap_socket(self.http.socket, server_side=True)
        scheme = "https" if context else "http"
        self.url = f"{scheme}://127.0.0.1:{self.http.server_address[1]}"
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.05,), daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


class Handler(http.server.BaseHTTPRequestHandler):
    """All methods are one."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def body(self):
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def reply(self, status, body, kind="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def cut(self):
        self.close_connection = True

    def do_GET(self):
        self.answer()

    do_POST = do_PUT = do_GET


class Liar(Server):
    """Answers a request whose path begins with a key of `answers` by (status, bytes), or by calling what
    stands there with the handler; any other by 404. Keeps the requests' heads."""

    def __init__(self, answers, context=None):
        self.answers = answers
        self.asked = []

        class Answering(Handler):
            def answer(self):
                owner = self.server.owner
                self.body()
                owner.asked.append((self.command, self.path, dict(self.headers)))
                path = max((key for key in owner.answers if self.path.startswith(key)), key=len, default=None)
                said = owner.answers[path] if path is not None else (404, b"{}")
                if callable(said):
                    said(self)
                else:
                    self.reply(*said)

        super().__init__(Answering, context)


class Spoiler(Server):
    """Hands requests on to the server at `url`. Of request number `at`, counted from 1, it loses the answer
    (`how` is "cut"), gives half of it ("half"), or does not hand it on and answers 500 ("refuse")."""

    def __init__(self, url, at=0, how="cut"):
        self.behind = url.removeprefix("http://")
        self.at, self.how, self.count = at, how, 0

        class Passing(Handler):
            def answer(self):
                owner = self.server.owner
                owner.count += 1
                spoil = owner.how if owner.count == owner.at else ""
                body = self.body()
                if spoil == "refuse":
                    self.reply(500, b"<html>oops</html>", "text/html")
                    return
                behind = http.client.HTTPConnection(owner.behind, timeout=60)
                headers = {key: value for key, value in self.headers.items() if key.lower() != "host"}
                behind.request(self.command, self.path, body, headers)
                got = behind.getresponse()
                data = got.read()
                behind.close()
                if spoil == "cut":
                    self.cut()
                elif spoil == "half":
                    self.send_response(got.status)
                    self.send_header("Content-Length", str(len(data) + 1))
                    self.end_headers()
                    self.wfile.write(data[:len(data) // 2])
                    self.cut()
                else:
                    self.reply(got.status, data)

        super().__init__(Passing)
