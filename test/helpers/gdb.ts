// A fake target and a fake gdb, for sessions without a program and without gdb.

import {encodePacket, PacketReader} from '../../src/gdb/packet.ts'
import type {Programs} from '../../src/gdb/programs.ts'
import type {RegisterLayout} from '../../src/gdb/register-layout.ts'
import {Session} from '../../src/gdb/session.ts'
import type {PointKind, Resumption, Stop, Target, TargetFiles} from '../../src/gdb/target.ts'
import {x86Layout} from '../../src/gdb/x86-64.ts'

/** 4 KiB of memory at 0x1000, two threads, and registers whose bytes are their own indexes. */
export class FakeTarget implements Target {
  readonly wasRunning = false
  onStop: ((stop: Stop) => void) | undefined
  readonly memory = new Uint8Array(0x1000)
  readonly registers: Uint8Array
  readonly points: string[] = []
  readonly resumed: (readonly Resumption[])[] = []
  passed: ReadonlySet<number> = new Set()
  readonly events: string[] = []
  tids = [2, 3]
  declare readonly files?: TargetFiles
  declare programs?: Programs
  /** Whether it stands still before anybody asks. */
  isStill = false

  readonly layout: RegisterLayout

  constructor(layout: RegisterLayout = x86Layout(true)) {
    this.layout = layout
    this.registers = Uint8Array.from({length: layout.bytes}, (_, i) => i & 0xff)
  }

  threads(): readonly number[] {
    return this.tids
  }

  nameOf(thread: number): string {
    return `thread ${thread}`
  }

  readRegisters(): Uint8Array {
    return this.registers
  }

  writeRegisters(_thread: number, bytes: Uint8Array): boolean {
    this.registers.set(bytes)
    return true
  }

  readMemory(address: bigint, length: number): Uint8Array {
    const start = Number(address) - 0x1000
    return start < 0 || start >= 0x1000 ? new Uint8Array(0) : this.memory.subarray(start, start + length)
  }

  writeMemory(address: bigint, bytes: Uint8Array): boolean {
    const start = Number(address) - 0x1000
    if (start < 0 || start + bytes.length > 0x1000) return false
    this.memory.set(bytes, start)
    return true
  }

  addPoint(kind: PointKind, address: bigint, length: number): boolean | undefined {
    if (kind !== 'software' && kind !== 'hardware') return undefined
    if (this.points.length === 2) return false
    this.points.push(`${kind} ${address.toString(16)} ${length}`)
    return true
  }

  removePoint(_kind: PointKind, address: bigint): boolean {
    return address >= 0x1000n && this.points.pop() !== undefined
  }

  resume(resumptions: readonly Resumption[]): void {
    this.resumed.push(resumptions)
  }

  interrupt(): void {
    this.events.push('interrupt')
    if (this.isStill) this.stop({what: 'signal', thread: 2, signal: 0})
  }

  passSignals(signals: ReadonlySet<number>): void {
    this.passed = signals
  }

  kill(): void {
    this.events.push('kill')
  }

  detach(): void {
    this.events.push('detach')
  }

  auxv(): Uint8Array {
    return Uint8Array.of(1, 2, 0x23, 0x7d)
  }

  signalInfo(): Uint8Array | undefined {
    return undefined
  }

  executable(): string {
    return '/bin/program'
  }

  stop(stop: Stop): void {
    this.onStop?.(stop)
  }
}

/** A session over `target`, which is stopped when it begins. */
export class FakeGdb {
  readonly session: Session
  /** Payloads that came, or 'garbled'. */
  readonly heard: string[] = []
  isClosed = false
  #signs = ''

  constructor(target: FakeTarget, first: Stop = {what: 'signal', thread: 2, signal: 0}) {
    const reader = new PacketReader({
      packet: (payload) => this.heard.push(payload),
      garbled: () => this.heard.push('garbled'),
      interrupt: () => {},
      again: () => {},
    })
    this.session = new Session(target, {
      send: (bytes) => {
        if (bytes === '+' || bytes === '-') this.#signs += bytes
        else reader.push(Buffer.from(bytes, 'latin1'))
      },
      close: () => {
        this.isClosed = true
      },
    })
    target.stop(first)
  }

  /** The `+` and `-` signs since the last look. */
  takeSigns(): string {
    const signs = this.#signs
    this.#signs = ''
    return signs
  }

  send(bytes: string): void {
    this.session.receive(Buffer.from(bytes, 'latin1'))
  }

  /** @returns the immediate answer; undefined: none */
  ask(packet: string): string | undefined {
    const before = this.heard.length
    this.send(encodePacket(packet))
    return this.heard[before]
  }
}

/** A current gdb over a stopped target. */
export function modern(): {target: FakeTarget; gdb: FakeGdb} {
  const target = new FakeTarget()
  const gdb = new FakeGdb(target)
  gdb.ask('qSupported:swbreak+;hwbreak+;exec-events+;no-resumed+')
  return {target, gdb}
}
