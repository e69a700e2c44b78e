# Threads, locks, queues, pools.
import threading, queue, time, concurrent.futures as f
lock, total, q = threading.Lock(), 0, queue.Queue(5)
def add():
    global total
    for _ in range(1000):
        with lock: total += 1
threads = [threading.Thread(target=add) for _ in range(16)]
[t.start() for t in threads]; [t.join() for t in threads]; print(total)
def produce():
    for i in range(100): q.put(i)
    q.put(None)
threading.Thread(target=produce).start(); print(sum(iter(q.get, None)))
e = threading.Event(); threading.Timer(0.05, e.set).start(); print(e.wait(10))
b = threading.Barrier(4); ts = [threading.Thread(target=b.wait) for _ in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]
with f.ThreadPoolExecutor(8) as pool: print(sum(pool.map(lambda x: x * x, range(200))))
local = threading.local(); local.x = 1
t = threading.Thread(target=lambda: print(hasattr(local, 'x'))); t.start(); t.join()
print(threading.active_count())
