# asyncio's streams, protocols, TLS and datagrams between tasks, threads and processes.
import asyncio, os, socket, ssl, subprocess, sys
CHILD = 'import socket, sys; s = socket.create_connection(("127.0.0.1", sys.argv[1])); s.sendall(b"from a child"); print(s.recv(99))'
async def echo(reader, writer):
    while data := await reader.read(65536): writer.write(data); await writer.drain()
    writer.close()
async def client(port, count, **more):
    reader, writer = await asyncio.open_connection('127.0.0.1', port, **more)
    total = 0
    for i in range(count):
        writer.write(b'%d\n' % i); total += int(await reader.readline())
    writer.close(); await writer.wait_closed()
    return total
async def large(port):
    reader, writer = await asyncio.open_connection('localhost', port)
    async def fill():
        for _ in range(64): writer.write(bytes(65536)); await writer.drain()
        writer.write_eof()
    filling = asyncio.create_task(fill())
    total = len(await reader.read()); await filling
    writer.close(); return total
class Datagrams(asyncio.DatagramProtocol):
    def connection_made(self, transport): self.transport = transport
    def datagram_received(self, data, address): self.transport.sendto(data[::-1], address)
class Answer(asyncio.DatagramProtocol):
    def __init__(self): self.got = asyncio.get_running_loop().create_future()
    def datagram_received(self, data, address): self.got.set_result(data)
    def error_received(self, error): self.got.set_result(error)
async def datagram(port):
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(Answer, remote_addr=('127.0.0.1', port))
    transport.sendto(b'abc')
    try: return await asyncio.wait_for(protocol.got, 30)
    finally: transport.close()
async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(echo, ['127.0.0.1', '::1'])
    ports = {s.family.name: s.getsockname()[1] for s in server.sockets}
    print(sorted(ports)); port = ports['AF_INET']
    print(sum(await asyncio.gather(*(client(port, 20) for _ in range(100)))))
    print(await large(port))
    subprocess.run('openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -keyout key -out cert -addext subjectAltName=IP:127.0.0.1'.split(), stderr=subprocess.DEVNULL, check=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH); context.load_cert_chain('cert', 'key')
    secure = await asyncio.start_server(echo, '127.0.0.1', 0, ssl=context)
    print(await client(secure.sockets[0].getsockname()[1], 20, ssl=ssl.create_default_context(cafile='cert')))
    udp, _ = await loop.create_datagram_endpoint(Datagrams, local_addr=('127.0.0.1', 0))
    udp_port = udp.get_extra_info('sockname')[1]
    print(await asyncio.gather(*(datagram(udp_port) for _ in range(10))))
    udp.close(); await asyncio.sleep(0); await asyncio.sleep(0)
    print(repr(await datagram(udp_port)))
    with open('file', 'wb') as f: f.write(os.urandom(1 << 20))
    left, right = socket.create_connection(('127.0.0.1', port)), None
    left.setblocking(False)
    with open('file', 'rb') as f:
        sending = asyncio.create_task(loop.sock_sendfile(left, f))
        got = b''
        while len(got) < 1 << 20: got += await loop.sock_recv(left, 65536)
        print(await sending, got == open('file', 'rb').read())
    left.close()
    child = await asyncio.create_subprocess_exec(sys.executable, '-c', CHILD, str(port), stdout=subprocess.PIPE)
    print(await child.communicate())
    server.close(); secure.close()
    try: await asyncio.open_connection('127.0.0.1', port)
    except OSError as error: print(error.errno)
asyncio.run(main())
