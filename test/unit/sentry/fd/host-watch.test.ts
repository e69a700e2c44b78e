// Host descriptors: how many calls watching them takes, that no edge is lost, and that nothing spins.

import {spawnSync} from 'node:child_process'
import {closeSync, openSync, readSync, rmSync, writeSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, describe, expect, it} from 'vitest'
import {EPOLLET, EPOLLIN, EPOLLONESHOT, EPOLLOUT} from '../../../../src/abi/poll.ts'
import {EVENT_READY} from '../../../../src/platform/platform.ts'
import {HostEvents} from '../../../../src/platform/run-loop.ts'
import {Sleep} from '../../../../src/sentry/call/sleepers.ts'
import {OpenDescription} from '../../../../src/sentry/core/open-description.ts'
import type {Task} from '../../../../src/sentry/core/task.ts'
import {EpollDescription} from '../../../../src/sentry/fd/epoll.ts'
import {EpollPasses} from '../../../../src/sentry/fd/epoll-nesting.ts'
import {HostWatch} from '../../../../src/sentry/fd/host-watch.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {AnonymousDescription} from '../../../../src/vfs/anonymous-description.ts'
import {Budget} from '../../../../src/vfs/budget.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'
import {VirtualFileSystem} from '../../../../src/vfs/virtual-file-system.ts'
import {WaitQueue} from '../../../../src/vfs/wait-queue.ts'
import {asleep} from '../blocked-call.ts'

const vfs = new VirtualFileSystem(nativeHost)
const FILES = 1000
const WAITS = 100
const FIRST_FD = 100

/** A file over a host descriptor that does not exist. */
class HostLikeFile extends AnonymousDescription {
  override readonly waiters = new WaitQueue()
  override readonly hostFd: number
  isReady = false
  asked = 0

  constructor(fd: number) {
    super(vfs, '[host]', 0)
    this.hostFd = fd
  }

  override readiness(): number {
    this.asked++
    return this.isReady ? EPOLLIN : 0
  }
}

class Watched {
  readonly calls: [fd: number, events: number][] = []
  readonly watch = new HostWatch({watch: (fd, events) => this.calls.push([fd, events])})
  readonly files = Array.from({length: FILES}, (_, i) => new HostLikeFile(FIRST_FD + i))

  /** The host reports an edge. */
  edge(index: number): void {
    this.files[index].isReady = true
    this.watch.wake([[FIRST_FD + index, EPOLLIN]])
  }

  get asked(): number {
    return this.files.reduce((sum, file) => sum + file.asked, 0)
  }
}

describe('an epoll of 1,000 host descriptors', () => {
  function prepared(events: number): {host: Watched; epoll: EpollDescription; collect: () => number[]} {
    const host = new Watched()
    const epoll = new EpollDescription({
      vfs,
      budget: new Budget(),
      epollPasses: new EpollPasses(),
      hostWatch: host.watch,
    })
    host.files.forEach((file, i) => {
      epoll.add(i, new OpenDescription(file), {events, dataLow: i, dataHigh: 0})
    })
    const collect = (): number[] => {
      const found: number[] = []
      epoll.collect(64, (_, {dataLow}) => found.push(dataLow))
      return found
    }
    return {host, epoll, collect}
  }

  it('asks the one that is ready alone, in each of 100 waits', () => {
    const {host, collect} = prepared(EPOLLIN)
    host.edge(7)
    const before = host.asked
    for (let i = 0; i < WAITS; i++) expect(collect()).toEqual([7])
    expect(host.asked - before).toBe(WAITS)
    expect(host.calls.length).toBe(FILES)
  })

  it('forgets a level that no longer holds, and waits for its next edge', () => {
    const {host, collect} = prepared(EPOLLIN)
    host.edge(7)
    host.files[7].isReady = false
    expect([collect(), collect()]).toEqual([[], []])
    host.edge(7)
    expect(collect()).toEqual([7])
  })

  it('tells an edge once, and a one-shot until it is set anew', () => {
    for (const events of [EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT]) {
      const {host, collect} = prepared(events)
      host.edge(7)
      expect([collect(), collect()]).toEqual([[7], []])
      host.edge(7)
      expect(collect()).toEqual(events & EPOLLET ? [7] : [])
    }
  })
})

describe('calls that sleep on 1,000 host descriptors', () => {
  function sleepOn({watch, files}: Watched): Sleep {
    const wait = {
      files: files.map((file) => ({file, events: EPOLLIN})),
      restart: 'never' as const,
      ...{next: asleep, progress: {interrupted: 0}},
    }
    return new Sleep({} as Task, wait, watch, new TimerQueue(nativeHost.clock), new Set())
  }

  it('tell the platform once for all of them', () => {
    const host = new Watched()
    for (let i = 0; i < WAITS; i++) {
      const sleep = sleepOn(host)
      sleep.begin()
      host.edge(7)
      sleep.end()
    }
    expect(host.calls.length).toBe(FILES)
    expect(host.calls.every(([, events]) => (events & EPOLLET) !== 0)).toBe(true)
  })

  it('end the watch of one that becomes ready when nobody waits, after one edge', () => {
    const host = new Watched()
    const sleep = sleepOn(host)
    sleep.begin()
    sleep.end()
    for (let i = 0; i < WAITS; i++) host.edge(7)
    expect(host.calls.slice(FILES)).toEqual([[FIRST_FD + 7, 0]])
  })
})

describe('a call that sleeps until one event of a host descriptor', () => {
  class Sleeper {
    readonly hostFd: number = FIRST_FD
    readonly heard: number[] = []
    readonly waiters = {wakeAll: (events: number) => this.heard.push(events)}
  }

  it('tells the platform once each time, and hears nothing in between', () => {
    const host = new Watched()
    const sleeper = new Sleeper()
    for (let i = 0; i < WAITS; i++) {
      host.watch.awaitNext(sleeper, EPOLLIN)
      host.watch.awaitNext(sleeper, EPOLLIN)
      host.watch.wake([[FIRST_FD, EPOLLIN]])
    }
    expect(sleeper.heard).toEqual(Array.from({length: WAITS}, () => EPOLLIN))
    expect(host.calls).toEqual(Array.from({length: WAITS}, () => [FIRST_FD, (EPOLLIN | EPOLLONESHOT) >>> 0]))
  })

  it('hears of both ways, if two calls sleep', () => {
    const host = new Watched()
    const sleeper = new Sleeper()
    host.watch.awaitNext(sleeper, EPOLLIN)
    host.watch.awaitNext(sleeper, EPOLLOUT)
    expect(host.calls.at(-1)).toEqual([FIRST_FD, (EPOLLIN | EPOLLOUT | EPOLLONESHOT) >>> 0])
  })

  it('takes over the watch of one that nobody else looks at any longer, which then ends', () => {
    const host = new Watched()
    const sleeper = new Sleeper()
    host.watch.remove(host.watch.add(sleeper, EPOLLIN))
    host.watch.awaitNext(sleeper, EPOLLIN)
    host.watch.wake([[FIRST_FD, EPOLLIN]])
    expect(sleeper.heard).toEqual([EPOLLIN])
    expect(host.calls.slice(1)).toEqual([[FIRST_FD, 0]])
  })

  it('is told once, by the interest, if it has one after all', () => {
    const host = new Watched()
    const sleeper = new Sleeper()
    host.watch.awaitNext(sleeper, EPOLLIN)
    host.watch.add(sleeper, EPOLLIN)
    host.watch.wake([[FIRST_FD, EPOLLIN]])
    expect(sleeper.heard).toEqual([EPOLLIN])
  })
})

describe("the platform's watch by edges", () => {
  const path = join(tmpdir(), `hv-edges-${process.pid}`)
  afterEach(() => rmSync(path, {force: true}))

  it('tells each edge once, though the watching thread sees it first, and is quiet while the level holds', async () => {
    spawnSync('mkfifo', [path])
    const fd = openSync(path, 'r+')
    const events = new HostEvents()
    try {
      events.watcher.watch(fd, EPOLLIN | EPOLLET)
      for (let i = 0; i < 3; i++) {
        writeSync(fd, 'x')
        // Gives the watching thread time.
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect(events.poll()).toBe(EVENT_READY)
        expect(events.ready).toEqual([[fd, EPOLLIN]])
        expect(events.poll()).toBe(0)
        await new Promise((resolve) => setTimeout(resolve, 30))
        expect(events.attention[0]).toBe(0)
      }
      expect(readSync(fd, Buffer.alloc(8))).toBe(3)
    } finally {
      events.watcher.dispose()
      closeSync(fd)
    }
  })
})
