# Processes, pools, queues and shared memory.
import multiprocessing as m, concurrent.futures as f, os
def square(x): return x * x
def put(q, n): q.put((n, n * 2))
def child(c): c.send([1, 'two', c.recv()]); c.close()
if __name__ == '__main__':
    m.set_start_method('fork')
    with m.Pool(4) as pool: print(sum(pool.map(square, range(200))))
    q = m.Queue(); ps = [m.Process(target=put, args=(q, i)) for i in range(4)]
    [p.start() for p in ps]; print(sorted(q.get() for _ in ps)); [p.join() for p in ps]; print([p.exitcode for p in ps])
    a, b = m.Pipe(); p = m.Process(target=child, args=(b,)); p.start(); a.send('x'); print(a.recv()); p.join()
    v = m.Value('i', 0)
    def up():
        for _ in range(500):
            with v.get_lock(): v.value += 1
    ps = [m.Process(target=up) for _ in range(4)]; [p.start() for p in ps]; [p.join() for p in ps]; print(v.value)
    with f.ProcessPoolExecutor(2) as e: print(list(e.map(square, range(5))))
    from multiprocessing import shared_memory
    s = shared_memory.SharedMemory(create=True, size=100); s.buf[0] = 7
    def see(n): t = shared_memory.SharedMemory(n); t.buf[1] = t.buf[0] + 1; t.close()
    p = m.Process(target=see, args=(s.name,)); p.start(); p.join(); print(s.buf[1]); s.close(); s.unlink()
