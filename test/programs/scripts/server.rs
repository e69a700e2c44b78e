// A TCP server with a thread a connection, its clients, time-outs, half-close and UDP.
use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, TcpListener, TcpStream, UdpSocket},
    thread,
    time::Duration,
};

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let server = thread::spawn(move || {
        let threads: Vec<_> = (0..41)
            .map(|_| {
                let (mut stream, _) = listener.accept().unwrap();
                thread::spawn(move || {
                    let mut all = Vec::new();
                    stream.read_to_end(&mut all).unwrap();
                    stream.write_all(&all).unwrap();
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
    let clients: Vec<_> = (0..40)
        .map(|n| {
            thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_nodelay(true).unwrap();
                stream.write_all(&vec![n as u8; n * 3000]).unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut all = Vec::new();
                stream.read_to_end(&mut all).unwrap();
                all.len()
            })
        })
        .collect();
    println!("{}", clients.into_iter().map(|client| client.join().unwrap()).sum::<usize>());
    let mut idle = TcpStream::connect(address)?;
    idle.set_read_timeout(Some(Duration::from_millis(20)))?;
    let error = idle.read(&mut [0]).unwrap_err();
    println!("{}", matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    drop(idle);
    server.join().unwrap();
    println!("{:?}", TcpStream::connect(address).unwrap_err().kind());

    let (one, other) = (UdpSocket::bind("[::1]:0")?, UdpSocket::bind("[::1]:0")?);
    one.send_to(b"datagram", other.local_addr()?)?;
    let mut buffer = [0; 100];
    let (count, from) = other.recv_from(&mut buffer)?;
    println!("{} {}", String::from_utf8_lossy(&buffer[..count]), from == one.local_addr()?);
    Ok(())
}
