// Programs: those that gdb starts, one after the other (gdb's manual, "target extended-remote"), and what gdb says of the next one.

import {parseBytes} from './words.ts'

/** What gdb sets and unsets of the environment: names and values, in bytes. */
const MAX_ENVIRONMENT = 1 << 17
/** Linux's PATH_MAX. */
const MAX_PATH = 4096

/** A program that gdb wants to run. */
export interface ProgramRequest {
  /** A path, or a name for PATH; undefined: the program that was there first. */
  readonly program: string | undefined
  readonly args: readonly string[]
  /** Changes of the environment that the first program had; undefined: it has no such variable. */
  readonly variables: ReadonlyMap<string, string | undefined>
  /** Undefined: the first program's. */
  readonly cwd: string | undefined
  /** Its addresses are others each time. */
  readonly isRandom: boolean
}

/** What starts programs. */
export interface Programs {
  /** gdb stays when a program has ended, and may start another. */
  stays: boolean
  /**
   * Loads a program, which stands still: `Target.onStop` tells. Precondition: there is none any more.
   * @returns whether it could be loaded
   */
  run(request: ProgramRequest): boolean
}

/** What gdb has said of the next program. */
export class NextProgram {
  readonly #variables = new Map<string, string | undefined>()
  #bytes = 0
  #cwd: string | undefined
  #isRandom = false

  /** @param name of a Q packet; `rest`: what follows it. @returns the answer; undefined: it is another packet */
  answer(name: string, rest: string): string | undefined {
    switch (name) {
      case 'QDisableRandomization':
        if (!/^[01]$/.test(rest)) return 'E01'
        this.#isRandom = rest === '0'
        return 'OK'
      case 'QEnvironmentReset':
        this.#variables.clear()
        this.#bytes = 0
        return 'OK'
      case 'QEnvironmentHexEncoded':
        return this.#set(parseText(rest))
      case 'QEnvironmentUnset':
        return this.#change(parseText(rest), undefined)
      case 'QSetWorkingDir':
        return this.#enter(parseText(rest))
      default:
        return undefined
    }
  }

  /** @param words `PROGRAM[;ARG]…`, after vRun. @returns undefined when they are malformed */
  requestOf(words: string): ProgramRequest | undefined {
    const [program, ...args] = words.split(';').map(parseText)
    if (program === undefined || args.includes(undefined)) return undefined
    return {
      program: program === '' ? undefined : program,
      args: args as string[],
      variables: new Map(this.#variables),
      cwd: this.#cwd,
      isRandom: this.#isRandom,
    }
  }

  #set(text: string | undefined): string {
    const end = text?.indexOf('=') ?? -1
    return end < 0 ? 'E01' : this.#change(text!.slice(0, end), text!.slice(end + 1))
  }

  #change(name: string | undefined, value: string | undefined): string {
    if (name === undefined || name === '' || name.includes('=')) return 'E01'
    const before = this.#variables.has(name) ? sizeOf(name, this.#variables.get(name)) : 0
    const bytes = this.#bytes - before + sizeOf(name, value)
    if (bytes > MAX_ENVIRONMENT) return 'E01'
    this.#bytes = bytes
    this.#variables.set(name, value)
    return 'OK'
  }

  #enter(path: string | undefined): string {
    if (path === undefined || path.length >= MAX_PATH) return 'E01'
    this.#cwd = path === '' ? undefined : path
    return 'OK'
  }
}

const sizeOf = (name: string, value = ''): number => Buffer.byteLength(name) + Buffer.byteLength(value)

/** UTF-8 without null characters, in hexadecimal. */
function parseText(hex: string): string | undefined {
  const bytes = parseBytes(hex)
  if (bytes === undefined || bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(bytes)
  } catch {
    return undefined
  }
}
