// Reads a board file and refuses a wrong one with the path of the field. Every field is an allegation.

import {HvError} from '../errors.ts'
import type {Board, BoardCore, Emulation, Expectation, Rule} from './board.ts'
import {Field} from './field.ts'

const NAME = /^[a-z0-9][a-z0-9_-]*$/
const HEX = /^0x[0-9a-f]{1,3}$/
const ARCHITECTURES = ['x86_64', 'arm64'] as const
const RULE_KEYS = ['model', 'compatible', 'vendor', 'product', 'module'] as const
const MAX_PAGE_SIZE = 65536
const MAX_ADDRESS_BITS = 64
const MAX_CPUS = 512
const MAX_MEMORY_MIB = 1 << 20

/**
 * @param file how errors name the file, such as `boards/rpi4.json`
 * @param name what the file is called, which the field `name` has to repeat
 * @throws HvError BOARD_INVALID
 */
export function parseBoard(text: string, file: string, name: string): Board {
  const board = new Field(parseJson(text, file), file, '')
  const read = board.object([
    ...['name', 'title', 'architecture', 'cores', 'vhe', 'gic', 'pageSizes', 'kvm', 'expect', 'recognise'],
    ...['emulation', 'sources'],
  ])
  const given = read('name').text(NAME, 'a name of small letters, digits, - and _')
  if (given !== name) read('name').refuse(`"${name}", as the file is called`)
  return {
    name,
    title: read('title').text(),
    architecture: read('architecture').oneOf(ARCHITECTURES),
    cores: read('cores').list(readCore),
    vhe: read('vhe').orNull((field) => field.boolean()),
    gic: read('gic').orNull((field) => field.oneOf(['v2', 'v3'])),
    pageSizes: read('pageSizes').list((field) => field.integer(1024, MAX_PAGE_SIZE), 1),
    kvm: read('kvm').text(),
    expect: readExpectation(read('expect')),
    recognise: read('recognise').list(readRule, 1),
    emulation: read('emulation').orNull(readEmulation),
    sources: read('sources').list((field) => field.text(), 1),
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new HvError('BOARD_INVALID', `${file}: not JSON: ${(error as Error).message}`, 'mend the file', {
      cause: error,
    })
  }
}

function readCore(field: Field): BoardCore {
  const read = field.object(['name', 'implementer', 'part'])
  return {
    name: read('name').text(),
    implementer: read('implementer').text(HEX, 'a number such as "0x41"'),
    part: read('part').text(HEX, 'a number such as "0xd08"'),
  }
}

function readExpectation(field: Field): Expectation {
  const read = field.object(['modes', 'ipaBits', 'vgic'])
  return {
    modes: read('modes').list((mode) => mode.text(NAME, 'a mode such as "vhe"'), 1),
    ipaBits: read('ipaBits').orNull((bits) => bits.integer(1, MAX_ADDRESS_BITS)),
    vgic: read('vgic').orNull((list) => list.list((version) => version.oneOf(['v2', 'v3']))),
  }
}

function readRule(field: Field): Rule {
  const read = field.object([], RULE_KEYS)
  const rule: Rule = {}
  for (const key of RULE_KEYS) {
    const value = read(key)
    if (value.isGiven) rule[key] = value.text()
  }
  return rule
}

function readEmulation(field: Field): Emulation {
  const read = field.object(['machine', 'cpu', 'kernelArguments', 'cpus', 'memoryMib'], ['note'])
  const emulation: Emulation = {
    machine: read('machine').text(),
    cpu: read('cpu').text(),
    kernelArguments: read('kernelArguments').text(/^/, 'a text'),
    cpus: read('cpus').integer(1, MAX_CPUS),
    memoryMib: read('memoryMib').integer(1, MAX_MEMORY_MIB),
  }
  if (read('note').isGiven) emulation.note = read('note').text()
  return emulation
}
