// What a sentry makes of a broker's answers, and what it asks at most.

import {expect, test} from 'vitest'
import {EACCES, EAGAIN, ENETDOWN, ENFILE} from '../../../../src/abi/errno.ts'
import {SOCKADDR_IN_BYTES} from '../../../../src/abi/inet.ts'
import {POLLOUT} from '../../../../src/abi/poll.ts'
import {AF_INET, AF_UNIX} from '../../../../src/abi/socket.ts'
import {
  type Arrival,
  type ArrivalNotice,
  type BrokerLink,
  type BrokerLoss,
  MOST_QUESTIONS,
  type NetAnswer,
  type NetQuestion,
} from '../../../../src/broker/protocol.ts'
import type {Observer} from '../../../../src/sentry/core/observer.ts'
import {HostWatch} from '../../../../src/sentry/fd/host-watch.ts'
import {type Applicant, HostConnections} from '../../../../src/sentry/net/inet/host/connections.ts'
import {TimerQueue} from '../../../../src/sentry/time/timers.ts'
import {nativeHost} from '../../../../src/vfs/native-host.ts'

const LINK_FD = 90
const QUESTIONS_FD = 89
const TO = {ip: 0x0102_0304, port: 80}

/** A broker that a test plays. */
class ScriptedBroker implements BrokerLink {
  readonly fd = LINK_FD
  readonly questionsFd = QUESTIONS_FD
  readonly questions: (NetQuestion | ArrivalNotice)[] = []
  /** What it has no room for. */
  unsent = 0
  hasRoom = true
  readonly closed: number[] = []
  readonly watched = new Map<number, number>()
  readonly connections: HostConnections
  readonly #answers: ReturnType<BrokerLink['take']>[] = []
  readonly #observers: Observer[] = []

  readonly lost: string[] = []

  /** @param isSocket whether what it passes is a socket of the internet */
  constructor(isSocket = true) {
    const platform = {watch: (fd: number, events: number) => this.watched.set(fd, events)}
    const files = {
      ...nativeHost.files,
      hostSocketName: (_: number, name: Uint8Array) => {
        name[0] = isSocket ? AF_INET : AF_UNIX
        return SOCKADDR_IN_BYTES
      },
      hostShutDown: () => 0,
      hostClose: (fd: number) => this.closed.push(fd),
    }
    this.connections = new HostConnections(this, {
      ...{host: {files, clock: nativeHost.clock}, timers: new TimerQueue(nativeHost.clock)},
      ...{platform, hostWatch: new HostWatch(platform), observers: this.#observers},
      onBrokerLost: (how) => this.lost.push(how),
    })
  }

  ask(question: NetQuestion | ArrivalNotice): void {
    this.questions.push(question)
    if (!this.hasRoom) this.unsent++
  }

  flush(): void {
    this.unsent = 0
  }

  isReady(fd: number): void {
    for (const {ready} of this.#observers) ready?.(fd)
  }

  take(): ReturnType<BrokerLink['take']> {
    return this.#answers.shift()
  }

  says(answer: NetAnswer | Arrival | BrokerLoss, fd = -1): void {
    this.#answers.push(typeof answer === 'string' ? answer : {answer, fd})
    this.isReady(LINK_FD)
  }

  /** @returns what becomes of the question */
  connect(): string[] {
    const heard: string[] = []
    const applicant: Applicant = {
      opened: (fd) => heard.push(`opened ${fd}`),
      failed: (errno, needs) => heard.push(`failed ${errno} ${needs}`),
    }
    this.connections.connect(applicant, TO, true)
    return heard
  }
}

test('each answer goes to who asked, with its descriptor', () => {
  const broker = new ScriptedBroker()
  const [first, second] = [broker.connect(), broker.connect()]
  expect(broker.questions[0]).toEqual({kind: 'connect', id: 1, isStream: true, ip: '1.2.3.4', port: 80})
  broker.says({id: 2, errno: EACCES, needs: '1.2.3.4:80'})
  broker.says({id: 1, errno: 0}, 91)
  expect([first, second]).toEqual([['opened 91'], [`failed ${EACCES} 1.2.3.4:80`]])
})

test('a descriptor that comes with an errno is closed', () => {
  const broker = new ScriptedBroker()
  const heard = broker.connect()
  broker.says({id: 1, errno: EACCES}, 92)
  expect(broker.closed).toEqual([92])
  expect(heard).toEqual([`failed ${EACCES} undefined`])
})

test.each<[string, NetAnswer, boolean]>([
  ['an answer that nobody waits for', {id: 7, errno: 0}, true],
  ['a descriptor that is no socket of the internet', {id: 1, errno: 0}, false],
])('%s ends the link, and its descriptor is closed', (_, answer, isSocket) => {
  const broker = new ScriptedBroker(isSocket)
  const heard = broker.connect()
  broker.says(answer, 91)
  expect(broker.closed).toEqual([91])
  expect([...heard, ...broker.lost]).toEqual([`failed ${ENETDOWN} undefined`, 'wrong'])
  expect(() => broker.connect()).toThrow(expect.objectContaining({code: ENETDOWN}))
})

test('an answer without its descriptor says that there are too many', () => {
  const broker = new ScriptedBroker()
  const heard = broker.connect()
  broker.says({id: 1, errno: 0})
  expect(heard).toEqual([`failed ${ENFILE} undefined`])
})

test('a broker that holds a socket hears when it is closed, once, and when it was of no use', () => {
  const broker = new ScriptedBroker()
  for (let i = 0; i < 3; i++) broker.connect()
  broker.says({id: 1, errno: 0}, 91)
  broker.says({id: 2, errno: 0, isHeld: true}, 92)
  broker.says({id: 3, errno: 0, isHeld: true})
  for (const fd of [91, 92]) broker.connections.close(fd)
  expect(broker.questions.slice(3)).toEqual([
    {kind: 'closed', id: 3},
    {kind: 'closed', id: 2},
  ])
})

test('a broker that is gone answers nobody, and is asked and watched no more', () => {
  const broker = new ScriptedBroker()
  const heard = broker.connect()
  broker.says('gone')
  expect(broker.watched.get(LINK_FD)).toBe(0)
  expect(broker.lost).toEqual(['gone'])
  expect(heard).toEqual([`failed ${ENETDOWN} undefined`])
  expect(() => broker.connect()).toThrow(expect.objectContaining({code: ENETDOWN}))
})

test('only so many host sockets are open at a time', () => {
  const broker = new ScriptedBroker()
  for (let id = 1; id <= 4096; id++) {
    broker.connect()
    broker.says({id, errno: 0}, 1000 + id)
  }
  expect(() => broker.connect()).toThrow(expect.objectContaining({code: ENFILE}))
  broker.connections.close(1001)
  expect(() => broker.connect()).not.toThrow()
})

test('only so many questions wait at a time', () => {
  const broker = new ScriptedBroker()
  for (let i = 0; i < MOST_QUESTIONS; i++) broker.connect()
  expect(() => broker.connect()).toThrow(expect.objectContaining({code: EAGAIN}))
  broker.says({id: 1, errno: EACCES})
  expect(() => broker.connect()).not.toThrow()
})

test('a broker without room for questions is asked later, and watched until all have gone', () => {
  const broker = new ScriptedBroker()
  broker.hasRoom = false
  const heard = broker.connect()
  expect(broker.watched.get(QUESTIONS_FD)).toBe(POLLOUT)
  broker.isReady(QUESTIONS_FD)
  expect([broker.unsent, broker.watched.get(QUESTIONS_FD)]).toEqual([0, 0])
  broker.says({id: 1, errno: 0}, 91)
  expect(heard).toEqual(['opened 91'])
})

test('a broker that sends without end and reads nothing loses the link', () => {
  const broker = new ScriptedBroker()
  broker.hasRoom = false
  const arrival = {isStream: true, ip: '0a000007', port: 4000, guestPort: 80}
  for (let id = 1; broker.lost.length === 0; id++) broker.says({arrival: id, ...arrival}, 100 + id)
  expect(broker.lost).toEqual(['wrong'])
  expect(broker.questions.length).toBeLessThanOrEqual(8193)
  expect([broker.watched.get(LINK_FD), broker.watched.get(QUESTIONS_FD)]).toEqual([0, 0])
})
