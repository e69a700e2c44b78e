// Converts flags' texts to numbers, records and open files: sizes, seconds, volumes, variables.

import {statSync} from 'node:fs'
import {isAbsolute, resolve} from 'node:path'
import {MAX_ID} from '../../abi/ids.ts'
import {badArgument, HvError} from '../../errors.ts'
import type {JailChoice} from '../../jail/layer.ts'
import type {FlatStart} from '../../machine/bare/flat-file.ts'
import {openOutput} from '../../output-file.ts'
import type {NetRate} from '../../sentry/core/net-rate.ts'
import {HOSTNAME, HOSTNAME_TAKES} from '../../sentry/outside/hostname.ts'
import type {TmpfsMount, Volume} from '../../sentry/outside/volume.ts'
import type {UnveilRule} from '../../sentry/pledge/unveil-rule.ts'

const STDIN = 0
/** Before the umask. */
const CREATE_MODE = 0o666

const PAGE_SIZE = 4096
/** A number without a unit below this is not meant as bytes. */
const LEAST_BYTES = 65536
const UNITS = ['', 'K', 'M', 'G', 'T']
/** setTimeout's limit: 2^31 - 1 ms. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

export type SizeFlag = '--memory' | '--disk' | '--unpack-limit' | '--tmpfs' | '--keep' | '--net-rate'

/** `512M`, `1.5GiB`, `65536`: units are powers of 1024. @returns bytes, perhaps a fraction of one; 0: it is no size */
export function readSize(text: string): {bytes: number; unit: string | undefined} {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)(?:i?B)?$/i.exec(text)
  return {
    bytes: match ? Number(match[1]) * 1024 ** UNITS.indexOf(match[2].toUpperCase()) : 0,
    unit: match?.[2],
  }
}

/** As `readSize`. @returns bytes, rounded up to whole pages */
export function parseSize(text: string, flag: SizeFlag): number {
  const {bytes, unit} = readSize(text)
  if (unit === '' && bytes > 0 && bytes < LEAST_BYTES)
    throw badArgument(
      `${quote(text)} would be bytes of ${flag.slice(2)}`,
      `write \`${flag} ${text}M\` for mebibytes`,
    )
  const rounded = Math.ceil(bytes / PAGE_SIZE) * PAGE_SIZE
  if (rounded <= 0 || !Number.isSafeInteger(rounded)) {
    throw badArgument(
      `bad ${flag.slice(2)} size ${quote(text)}`,
      `give a number with K, M or G, e.g. \`${flag} 512M\``,
    )
  }
  return rounded
}

/** `1M`, or `1M:64K`: what is received, and what is sent. */
export function parseNetRate(text: string): NetRate {
  const [receive, send = receive, ...others] = text.split(':')
  if (others.length > 0)
    throw badArgument(`bad rate ${quote(text)}`, 'write SIZE, or SIZE:SIZE for what is received and sent')
  return {receive: parseSize(receive, '--net-rate'), send: parseSize(send, '--net-rate')}
}

/** A whole number, at least 1. @param limits `of`: its name in messages */
export function parseCount(text: string, limits: {of: string; most: number; example: string}): number {
  const {of, most, example} = limits
  const count = /^\d+$/.test(text) ? Number(text) : 0
  if (count >= 1 && count <= most) return count
  throw badArgument(
    `bad number of ${of} ${quote(text)}`,
    `give a whole number from 1 to ${most}, e.g. \`${example}\``,
  )
}

/** @throws HvError BAD_ARGUMENT */
export function parseHostname(text: string): string {
  if (HOSTNAME.test(text)) return text
  throw badArgument(`bad host name ${quote(text)}`, `give ${HOSTNAME_TAKES}, e.g. \`--hostname box\``)
}

/** `MODE`, `MODE@ADDRESS` or `@ADDRESS`. @throws HvError BAD_ARGUMENT */
export function parseFlat(text: string): FlatStart {
  const [, mode, address] =
    /^(real|protected|long|el1|el2)?(?:@(0x[\da-f]{1,13}|\d{1,15}))?$/i.exec(text) ?? []
  if (mode === undefined && address === undefined) {
    throw badArgument(`bad start ${quote(text)}`, 'write MODE, MODE@ADDRESS or @ADDRESS, e.g. real@0x7c00')
  }
  return {
    ...(mode !== undefined && {mode: mode.toLowerCase() as FlatStart['mode']}),
    ...(address !== undefined && {address: Number(address)}),
  }
}

/** Seconds, with or without a fraction. @param flag for the message. @returns whole milliseconds; undefined for 0, which is none */
export function parseTimeout(text: string, flag: string): number | undefined {
  const ms = /^(\d+\.?\d*|\.\d+)$/.test(text) ? Math.ceil(Number(text) * 1000) : -1
  if (ms < 0 || ms > MAX_TIMEOUT_MS) {
    throw badArgument(`bad time-out ${quote(text)}`, `give seconds, e.g. \`${flag} 2.5\`, or 0 for none`)
  }
  return ms === 0 ? undefined : ms
}

/** `HOST:GUEST[:ro|rw]`; without a mode the guest may only read. HOST is relative to this process. */
export function parseVolume(text: string): Volume {
  const [host, guest, mode = 'ro', ...rest] = text.split(':')
  const isWellFormed = host && guest?.startsWith('/') && (mode === 'ro' || mode === 'rw') && rest.length === 0
  if (!isWellFormed) {
    throw badArgument(`bad volume ${quote(text)}`, 'write HOST:GUEST[:ro|rw] with an absolute GUEST path')
  }
  return {host: resolve(host), guest: resolve('/', guest), writable: mode === 'rw'}
}

/** `PATH[:size=SIZE,mode=MODE]`, as docker's. PATH is the guest's. */
export function parseTmpfs(text: string): TmpfsMount {
  const [, guest, words = ''] = /^(\/[^:]*)(?::(.+))?$/s.exec(text) ?? []
  const nextStep = 'write PATH[:size=SIZE,mode=MODE] with an absolute PATH, e.g. /run:size=16M,mode=755'
  if (guest === undefined) throw badArgument(`bad place ${quote(text)} for a tmpfs`, nextStep)
  const mounted: TmpfsMount = {guest: resolve('/', guest)}
  for (const word of words.split(',').filter(Boolean)) {
    const [, name, value] = /^(size|mode)=(.+)$/.exec(word) ?? []
    if (name === 'size') mounted.maxBytes = parseSize(value, '--tmpfs')
    else if (name === 'mode' && /^[0-7]{3,4}$/.test(value)) mounted.mode = Number.parseInt(value, 8)
    else if (word !== 'rw') throw badArgument(`a tmpfs takes no ${quote(word)}`, nextStep)
  }
  return mounted
}

/** How much files in memory may hold. @throws HvError BAD_ARGUMENT: it is given twice */
export function parseDiskSize(text: string, before: number | undefined): number {
  if (before !== undefined) throw badArgument('flag --disk is given twice', 'give one size')
  return parseSize(text, '--disk')
}

/** `PATH:rwxc`: any of these letters, or none. PATH is the guest's. */
export function parseUnveil(text: string): UnveilRule {
  const colon = text.lastIndexOf(':')
  const path = text.slice(0, colon)
  const permissions = text.slice(colon + 1)
  if (!path.startsWith('/') || colon < 0 || !/^[rwxc]*$/.test(permissions)) {
    throw badArgument(
      `bad unveil rule ${quote(text)}`,
      'write PATH:rwxc with an absolute PATH and some of the letters',
    )
  }
  return {path, permissions}
}

/** `NAME=VALUE`, or `NAME` for the caller's value. @returns undefined when the caller has no such variable */
export function parseEnv(text: string, caller: NodeJS.ProcessEnv): [name: string, value: string] | undefined {
  const equals = text.indexOf('=')
  const name = equals < 0 ? text : text.slice(0, equals)
  if (name === '')
    throw badArgument(`bad variable ${quote(text)}`, "write NAME=VALUE, or NAME to pass the caller's")
  const value = equals < 0 ? caller[name] : text.slice(equals + 1)
  return value === undefined ? undefined : [name, value]
}

/**
 * The lines of docker's --env-file: `NAME=VALUE` as it stands, without quotes or escapes, or `NAME` for the caller's value. Lines that are
 * empty or begin with # say nothing.
 * @param file for messages
 */
export function parseEnvFile(text: string, file: string, caller: NodeJS.ProcessEnv): [string, string][] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  return lines.flatMap((given, index) => {
    const line = given.trimStart()
    if (line === '' || line.startsWith('#')) return []
    if (!/^[^=\s\0]+(=[^\0]*)?$/.test(line))
      throw badArgument(
        `${file}, line ${index + 1}: no variable`,
        'write NAME=VALUE, or NAME to pass the caller’s',
      )
    const variable = parseEnv(line, caller)
    return variable ? [variable] : []
  })
}

/** `1000` or `1000:100`; without a group, the group with the user's number. @throws HvError BAD_ARGUMENT */
export function parseIdentity(text: string): {uid: number; gid: number} {
  const [, uid, gid = uid] = /^(\d{1,10})(?::(\d{1,10}))?$/.exec(text) ?? []
  const identity = {uid: Number(uid), gid: Number(gid)}
  if (Object.values(identity).every((id) => id >= 1 && id <= MAX_ID)) return identity
  throw badArgument(
    `--drop-to ${quote(text)} is no UID[:GID]`,
    `give numbers from 1 to ${MAX_ID}, e.g. 65534:65534`,
  )
}

/** @throws HvError BAD_ARGUMENT */
export function parseDirectory(text: string): string {
  if (text.startsWith('/')) return text
  throw badArgument(`--cwd ${text} is not absolute`, 'give a path in the guest')
}

/** @throws HvError BAD_ARGUMENT: `--no-jail` and `--require-jail` */
export function chooseJail(before: JailChoice | undefined, choice: JailChoice): JailChoice {
  if (before === undefined || before === choice) return choice
  throw badArgument('--no-jail and --require-jail exclude each other', 'give one of them')
}

/** Node's module takes two milliseconds to load, which most starts need not pay. @throws HvError BAD_ARGUMENT */
export function requireTerminal(): void {
  if (process.getBuiltinModule('node:tty').isatty(STDIN)) return
  throw badArgument('--tty: standard input is no terminal', 'leave --tty out, or start hv in a terminal')
}

/** @returns the absolute path. @throws HvError BAD_ARGUMENT */
export function existing(path: string, flag: string, mustBeDirectory: boolean): string {
  const absolute = resolve(path)
  const stat = statSync(absolute, {throwIfNoEntry: false})
  if (!stat) throw badArgument(`${flag}: ${path} does not exist`, 'name a path of this host that does')
  if (mustBeDirectory && !stat.isDirectory())
    throw badArgument(`${flag}: ${path} is not a directory`, 'name a directory')
  return absolute
}

/** The sentry may run in another directory. Otherwise unchanged: `..` after a link leads where the kernel says. */
export function fromHere(path: string): string {
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`
}

/** @param flag for the message. @throws HvError BAD_ARGUMENT */
export function createFile(path: string, flag: string): number {
  try {
    return openOutput(path, CREATE_MODE)
  } catch (error) {
    if (error instanceof HvError) throw error
    const reason = (error as NodeJS.ErrnoException).code
    throw badArgument(`${flag}: ${path} cannot be written (${reason})`, 'name another file', {
      cause: error,
    })
  }
}

/** For messages: one line, however odd the text. */
export function quote(text: string): string {
  return JSON.stringify(text)
}
