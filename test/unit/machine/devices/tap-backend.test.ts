// One of the host's TAP interfaces as a network device's cable: the host's own Linux asks for an address, and sends what comes back.

import {spawn} from 'node:child_process'
import {once} from 'node:events'
import {closeSync, openSync, readdirSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {HEADER_BYTES} from '../../../../src/machine/devices/network-backend.ts'
import {TapBackend} from '../../../../src/machine/devices/tap-backend.ts'
import {codeOf} from '../../../helpers/vm.ts'

const NAME = `hv${process.pid}`
const MAC = [2, 0, 0, 0, 0, 9]

/** Gives the interface 198.51.100.1 (TEST-NET-2), and sends a datagram to 198.51.100.2 until it comes back. */
const SENDER = `
import fcntl, socket, struct, sys
name = sys.argv[1].encode()
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
address = lambda text: struct.pack('16sH2s4s8x', name, socket.AF_INET, b'', socket.inet_aton(text))
fcntl.ioctl(s, 0x8916, address('198.51.100.1'))
fcntl.ioctl(s, 0x891c, address('255.255.255.252'))
fcntl.ioctl(s, 0x8914, struct.pack('16sh22x', name, 0x41))
s.settimeout(1)
for attempt in range(60):
    s.sendto(b'hello', ('198.51.100.2', 7))
    try:
        print(s.recvfrom(100))
        break
    except OSError:
        pass
`

const isArpRequest = (frame: Buffer): boolean =>
  frame.readUInt16BE(12) === 0x806 &&
  frame.readUInt16BE(20) === 1 &&
  frame.subarray(38, 42).equals(Buffer.of(198, 51, 100, 2))
const isDatagram = (frame: Buffer): boolean =>
  frame.readUInt16BE(12) === 0x800 && frame[23] === 17 && frame.readUInt16BE(36) === 7

function swap(frame: Buffer, one: number, other: number, length: number): void {
  const first = Buffer.from(frame.subarray(one, one + length))
  frame.copy(frame, one, other, other + length)
  first.copy(frame, other)
}

/** An answer as in RFC 826. */
function arpReply(request: Buffer): Buffer {
  const reply = Buffer.from(request.subarray(0, 42))
  request.copy(reply, 0, 6, 12)
  reply.set(MAC, 6)
  reply.writeUInt16BE(2, 20)
  swap(reply, 22, 32, 10)
  reply.set(MAC, 22)
  return reply
}

/** The datagram with sender and receiver exchanged, which leaves the checksums right. */
function echo(datagram: Buffer): Buffer {
  const reply = Buffer.from(datagram)
  swap(reply, 0, 6, 6)
  swap(reply, 26, 30, 4)
  swap(reply, 34, 36, 2)
  return reply
}

/** Behind a header that asks for nothing. */
const complete = (frame: Buffer): Buffer => Buffer.concat([new Uint8Array(HEADER_BYTES), frame])

/** A neighbour that at first has no room for every second frame. */
class Neighbour {
  isSlow = true
  refused = 0
  readonly #backend: TapBackend

  constructor(backend: TapBackend) {
    this.#backend = backend
    backend.attach(this)
  }

  receive(bytes: Uint8Array): boolean {
    const frame = Buffer.from(bytes.subarray(HEADER_BYTES))
    this.isSlow = !this.isSlow
    if (this.isSlow) {
      this.refused++
      setImmediate(() => this.#backend.onRoom())
      return false
    }
    if (isArpRequest(frame)) this.#backend.send(complete(arpReply(frame)))
    if (isDatagram(frame)) this.#backend.send(complete(echo(frame)))
    return true
  }

  onRoom(): void {}
}

function mayMakeTap(): boolean {
  try {
    closeSync(openSync('/dev/net/tun', 'r+'))
    return process.getuid?.() === 0
  } catch {
    return false
  }
}

describe('a TAP interface', () => {
  test('takes frames both ways, and goes with its machine; where none can be made, that is said', async () => {
    if (!mayMakeTap()) {
      expect(codeOf(() => new TapBackend(NAME))).toBe('BAD_ARGUMENT')
      return
    }
    const before = readdirSync('/proc/self/fd').length
    {
      using backend = new TapBackend(NAME)
      const neighbour = new Neighbour(backend)
      expect(codeOf(() => new TapBackend(NAME))).toBe('BAD_ARGUMENT')
      const sender = spawn('python3', ['-c', SENDER, NAME], {stdio: ['ignore', 'pipe', 'inherit']})
      let said = ''
      sender.stdout.on('data', (text) => {
        said += text
      })
      await once(sender, 'close')
      expect(said).toBe("(b'hello', ('198.51.100.2', 7))\n")
      expect(neighbour.refused).toBeGreaterThan(0)
      // What is too short, or asks for nonsense, is taken, and goes nowhere.
      const nonsense = Buffer.alloc(100, 0xff)
      for (const frame of [new Uint8Array(3), complete(Buffer.alloc(3)), nonsense])
        expect(backend.send(frame)).toBe(true)
    }
    expect(readdirSync('/proc/self/fd').length).toBe(before)
  })

  test.each(['', 'a name', 'much-too-long-a-name', 'tap%d', '../tap', 'lo'])('is not called %j', (name) => {
    expect(codeOf(() => new TapBackend(name))).toBe('BAD_ARGUMENT')
  })
})
