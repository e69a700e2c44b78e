// A value of a board file with its path: each reader gives what was asked for, or refuses naming the path.

import {HvError, printable} from '../errors.ts'

const MAX_TEXT = 500
const MAX_LIST = 100
const MAX_SHOWN = 60

export class Field {
  readonly #value: unknown
  readonly #file: string
  readonly #path: string

  constructor(value: unknown, file: string, path: string) {
    this.#value = value
    this.#file = file
    this.#path = path
  }

  get isGiven(): boolean {
    return this.#value !== undefined
  }

  /** @returns gives the field of a key; every key is required but those that may be missing, and no other is allowed */
  object(required: readonly string[], optional: readonly string[] = []): (key: string) => Field {
    const value = this.#value
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse('an object')
    const own = value as Record<string, unknown>
    const child = (key: string): Field =>
      new Field(Object.hasOwn(own, key) ? own[key] : undefined, this.#file, this.#join(key))
    for (const key of required) if (!Object.hasOwn(own, key)) child(key).refuse('a value')
    for (const key of Object.keys(own)) {
      if (!required.includes(key) && !optional.includes(key)) child(key).refuse('no such field')
    }
    return child
  }

  list<T>(read: (field: Field) => T, atLeast = 0): T[] {
    const value = this.#value
    if (!Array.isArray(value)) this.refuse('a list')
    const items = value as unknown[]
    if (items.length < atLeast || items.length > MAX_LIST) this.refuse(`a list of ${atLeast} to ${MAX_LIST}`)
    return items.map((item, i) => read(new Field(item, this.#file, `${this.#path}[${i}]`)))
  }

  text(pattern = /./, wanted = 'a text'): string {
    const value = this.#value
    if (typeof value !== 'string' || !pattern.test(value)) this.refuse(wanted)
    const text = value as string
    if (text.length > MAX_TEXT) this.refuse(`at most ${MAX_TEXT} characters`)
    if (printable(text) !== text) this.refuse('a text without control characters')
    return text
  }

  integer(least: number, most: number): number {
    const value = this.#value
    if (!Number.isInteger(value)) this.refuse('a number')
    if ((value as number) < least || (value as number) > most) this.refuse(`a number of ${least} to ${most}`)
    return value as number
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') this.refuse('true or false')
    return this.#value as boolean
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const found = values.find((value) => value === this.#value)
    return found ?? this.refuse(values.map((value) => `"${value}"`).join(' or '))
  }

  orNull<T>(read: (field: Field) => T): T | null {
    return this.#value === null ? null : read(this)
  }

  /** @throws HvError BOARD_INVALID */
  refuse(wanted: string): never {
    const shown = this.isGiven ? JSON.stringify(this.#value) : 'nothing'
    const got = shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}…` : shown
    throw new HvError(
      'BOARD_INVALID',
      `${this.#file}: ${this.#path || 'the file'}: expected ${wanted}, got ${printable(got)}`,
      'mend the file: src/board/README.md describes the fields',
    )
  }

  #join(key: string): string {
    const shown = key.length > MAX_SHOWN ? `${key.slice(0, MAX_SHOWN)}…` : printable(key)
    return this.#path === '' ? shown : `${this.#path}.${shown}`
  }
}
