# dig at a name server of this script, by UDP and TCP.
port=$(free_port)
cat > server.py <<'P'
import socket, struct, sys, threading

def answer(query):
    # RFC 1035, 4.1: the question as it came, and an address for every name but one.
    end = query.index(0, 12) + 5
    kind = struct.unpack('!H', query[end - 4:end - 2])[0]
    is_there = not query[12:].startswith(b'\x04none')
    record = b'\xc0\x0c' + struct.pack('!HHIH', 1, 1, 60, 4) + bytes([192, 0, 2, 7])
    count = 1 if is_there and kind == 1 else 0
    return query[:2] + struct.pack('!HHHHH', 0x8180 if is_there else 0x8183, 1, count, 0, 0) + query[12:end] + record * count

def stream(listener):
    while True:
        with listener.accept()[0] as client:
            size = client.recv(2, socket.MSG_WAITALL)
            if len(size) < 2: continue
            reply = answer(client.recv(struct.unpack('!H', size)[0], socket.MSG_WAITALL))
            client.sendall(struct.pack('!H', len(reply)) + reply)

address = ('127.0.0.1', int(sys.argv[1]))
datagrams = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
datagrams.bind(address)
threading.Thread(target=stream, args=(socket.create_server(address),), daemon=True).start()
while True:
    query, client = datagrams.recvfrom(512)
    datagrams.sendto(answer(query), client)
P
python3 server.py "$port" &
eventually opens "$port"
ask_for() { dig @127.0.0.1 -p "$port" +noedns +nocookie "$@"; }
ask_for +short example.test
ask_for +tcp +short example.test
ask_for +noall +comments none.test | grep -o 'status: [A-Z]*'
ask_for +noall +answer a.example.test b.example.test
ask_for +short AAAA example.test; echo "status $?"
ask_for +short -x 192.0.2.7; echo "status $?"
dig @127.0.0.1 -p 1 +tries=1 +timeout=2 example.test | grep -o 'connection refused\|no servers could be reached' | sort -u
