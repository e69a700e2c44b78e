# requests with a session, against http.server in a thread.
import http.server, threading, requests
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self): self.answer(self.path.encode())
    def do_POST(self): self.answer(b'%d' % len(self.rfile.read(int(self.headers['Content-Length']))))
    def answer(self, body):
        self.send_response(302 if self.path == '/moved' else 200); self.send_header('Content-Length', str(len(body)))
        self.send_header('Location', '/there'); self.end_headers(); self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = 'http://127.0.0.1:%d' % server.server_port
with requests.Session() as session:
    print({session.get(f'{url}/{i}').text for i in range(20)} == {f'/{i}' for i in range(20)})
    print(session.post(url, data=bytes(1 << 20)).text, session.get(url + '/moved').text)
server.shutdown(); server.server_close()
try: requests.get(url)
except requests.ConnectionError as error: print('refused' in str(error))
