// x86_64's part of debugging: INT3, the trap flag, and where its registers are in user_regs_struct and the XSAVE area.

import {NT_PRFPREG} from '../../abi/elf.ts'
import {ENOSYS} from '../../abi/errno.ts'
import {viewOf} from '../../abi/view.ts'
import {
  bytesOf,
  type CoreNote,
  type DebugRegister,
  type DebugState,
  type DebugSupport,
  fpBytes,
  generalRegister,
  numbered,
  RESTARTS,
} from '../debug.ts'
import {showLegacyState} from './fp-frame.ts'
import * as reg from './registers.ts'

const TRAP_FLAG = 0x100n

/** gdb's names, in the order of user_regs_struct. */
const GENERAL = [
  ...['r15', 'r14', 'r13', 'r12', 'rbp', 'rbx', 'r11', 'r10', 'r9', 'r8', 'rax', 'rcx', 'rdx', 'rsi', 'rdi'],
  ...['orig_rax', 'rip', 'cs', 'eflags', 'rsp', 'ss', 'fs_base', 'gs_base', 'ds', 'es', 'fs', 'gs'],
]

// The XSAVE area: SDM vol. 1, 13.4.
const FCW = 0
const FSW = 2
const FTW = 4
const FOP = 6
const FIP = 8
const FCS = 12
const FDP = 16
const FDS = 20
const MXCSR = 24
const ST0 = 32
const XMM0 = 160
const XMM_BYTES = 16
const ST_BYTES = 10
const XCR0 = 464
const XSTATE_BV = 512
/** AVX's part of the standard format. */
const YMM0_HIGH = 576
const LEGACY_BYTES = 512
const LEGACY = 3n
const AVX = 4n
const STACK_TOP = 11

const NT_X86_XSTATE = 0x202

/** The result that a call has until it is made: -ENOSYS. */
const NO_CALL_YET = BigInt.asUintN(64, -BigInt(ENOSYS))

export const debug: DebugSupport = {
  breakpoint: Uint8Array.of(0xcc),
  behindBreakpoint: 1,
  registers: {
    ...Object.fromEntries(GENERAL.map((name, index) => [name, generalRegister(index)])),
    ...numbered('st', 8, (i) => fpBytes(ST0 + XMM_BYTES * i, ST_BYTES, useLegacy)),
    fctrl: fpBytes(FCW, 2, useLegacy),
    fstat: fpBytes(FSW, 2, useLegacy),
    ftag: {read: ({fp}) => fullTags(fp), write: ({fp}, tags) => abridgeTags(fp, tags)},
    fiseg: fpBytes(FCS, 2, useLegacy),
    fioff: fpBytes(FIP, 4, useLegacy),
    foseg: fpBytes(FDS, 2, useLegacy),
    fooff: fpBytes(FDP, 4, useLegacy),
    fop: fpBytes(FOP, 2, useLegacy),
    ...numbered('xmm', 16, (i) => fpBytes(XMM0 + XMM_BYTES * i, XMM_BYTES, useLegacy)),
    mxcsr: fpBytes(MXCSR, 4, useLegacy),
    ...numbered('ymm', 16, upperHalf, 'h'),
  },
  hasWideVectors: (fp) => fp.length >= YMM0_HIGH + 16 * XMM_BYTES && (quad(fp, XCR0) & AVX) !== 0n,
  showSleeper(registers, callNumber) {
    registers[reg.RAX] = RESTARTS
    registers[reg.ORIG_RAX] = BigInt.asUintN(64, BigInt(callNumber))
  },
  isShownSleeper: (registers) => registers[reg.RAX] === RESTARTS,
  showCall(registers, callNumber) {
    registers[reg.RAX] = NO_CALL_YET
    registers[reg.ORIG_RAX] = BigInt.asUintN(64, BigInt(callNumber))
  },
  stepOf: (_, code) => (code[0] === 0x0f && code[1] === 0x05 ? 'call' : 'trap-flag'),
  setTrapFlag(registers, isSet) {
    if (isSet) registers[reg.EFLAGS] |= TRAP_FLAG
    else registers[reg.EFLAGS] &= ~TRAP_FLAG
  },
  hasTrapFlag: (registers) => (registers[reg.EFLAGS] & TRAP_FLAG) !== 0n,
  coreRegisters: (registers) => bytesOf(registers.slice(0, reg.REGISTER_COUNT)),
  coreNotes,
}

/** elf_fpregset_t is FXSAVE's area. */
function coreNotes({fp}: DebugState): CoreNote[] {
  const shown = fp.slice()
  if (shown.length > LEGACY_BYTES) showLegacyState(shown)
  return [
    {owner: 'CORE', type: NT_PRFPREG, bytes: shown.slice(0, LEGACY_BYTES)},
    {owner: 'LINUX', type: NT_X86_XSTATE, bytes: shown},
  ]
}

/** A part that was not in use gets its initial value, and is in use from now on. */
function useLegacy(fp: Uint8Array): void {
  if (fp.length <= LEGACY_BYTES) return
  showLegacyState(fp)
  setQuad(fp, XSTATE_BV, quad(fp, XSTATE_BV) | LEGACY)
}

function upperHalf(index: number): DebugRegister {
  const bytes = fpBytes(YMM0_HIGH + XMM_BYTES * index, XMM_BYTES)
  return {
    read: (state) => (quad(state.fp, XSTATE_BV) & AVX ? bytes.read(state) : 0n),
    write: (state, value) => {
      if ((quad(state.fp, XSTATE_BV) & AVX) === 0n) {
        if (value === 0n) return
        state.fp.fill(0, YMM0_HIGH, YMM0_HIGH + 16 * XMM_BYTES)
        setQuad(state.fp, XSTATE_BV, quad(state.fp, XSTATE_BV) | AVX)
      }
      bytes.write(state, value)
    },
  }
}

/** Expands one bit per register, used or not, to two: valid, zero, special, empty (SDM vol. 1, 8.1.7 and 10.5.1.1). */
function fullTags(fp: Uint8Array): bigint {
  const top = (fp[FSW + 1] >>> (STACK_TOP - 8)) & 7
  let tags = 0
  for (let physical = 0; physical < 8; physical++) {
    const isUsed = fp[FTW] & (1 << physical)
    const at = ST0 + XMM_BYTES * ((physical - top + 8) & 7)
    tags |= (isUsed ? tagOf(fp.subarray(at, at + ST_BYTES)) : 3) << (2 * physical)
  }
  return BigInt(tags)
}

function tagOf(register: Uint8Array): number {
  const exponent = (register[8] | (register[9] << 8)) & 0x7fff
  const isZero = register.subarray(0, 8).every((byte) => byte === 0)
  if (exponent === 0) return isZero ? 1 : 2
  return exponent !== 0x7fff && register[7] & 0x80 ? 0 : 2
}

function abridgeTags(fp: Uint8Array, tags: bigint): void {
  let abridged = 0
  for (let i = 0; i < 8; i++) if (((Number(tags & 0xffffn) >>> (2 * i)) & 3) !== 3) abridged |= 1 << i
  useLegacy(fp)
  fp[FTW] = abridged
}

function quad(fp: Uint8Array, offset: number): bigint {
  return offset + 8 > fp.length ? 0n : viewOf(fp).getBigUint64(offset, true)
}

function setQuad(fp: Uint8Array, offset: number, value: bigint): void {
  viewOf(fp).setBigUint64(offset, value, true)
}
