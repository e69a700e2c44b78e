# asyncio, signals, mmap, select and epoll.
import asyncio, signal, os, mmap, tempfile, select, fcntl, socket
async def main():
    p = await asyncio.create_subprocess_exec('cat', stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    print(await p.communicate(b'asyncio'), p.returncode)
    ps = [await asyncio.create_subprocess_shell(f'sleep 0.0{i}; exit {i}') for i in range(5)]
    print([await p.wait() for p in ps])
    print(await asyncio.gather(*(asyncio.to_thread(lambda i=i: i * i) for i in range(10))))
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    loop.add_signal_handler(signal.SIGUSR1, done.set); os.kill(os.getpid(), signal.SIGUSR1); await asyncio.wait_for(done.wait(), 10)
    try: await asyncio.wait_for(asyncio.sleep(10), 0.05)
    except asyncio.TimeoutError: print('timed out')
    r, w = await asyncio.open_connection(sock=socket.socketpair()[0]); w.close()
asyncio.run(main())
with tempfile.TemporaryFile() as t:
    t.truncate(8192); m = mmap.mmap(t.fileno(), 8192)
    if os.fork() == 0: m[5000] = 9; os._exit(0)
    os.wait(); print(m[5000]); fcntl.flock(t, fcntl.LOCK_EX)
signal.signal(signal.SIGALRM, lambda *_: print('alarm')); signal.setitimer(signal.ITIMER_REAL, 0.05); signal.pause()
r, w = os.pipe(); os.write(w, b'x'); print(select.select([r], [w], [], 1) == ([r], [w], []))
e = select.epoll(); e.register(r, select.EPOLLIN); print(e.poll(1) == [(r, select.EPOLLIN)])
