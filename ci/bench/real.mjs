// The figures that a user believes: calls and whole programs, natively, under hv on each platform, and under gVisor's.

import {arch} from '../paths.mjs'
import {run, underHv, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {digits, times} from './row.mjs'
import {gitRepository, insertScript, longJson, longSource, sourceTree} from './trees.mjs'

/** Programs find the host's files as they are; only they see what they write. */
const HV_FLAGS = ['--memory=2G', '--root=/']
const PYTHON = '/usr/bin/python3'

/** The sandboxes by the names of their columns. */
const SANDBOXES = {
  'hv kvm': (argv) => underHv(argv, ['--platform=kvm', ...HV_FLAGS]),
  // Without a gate, this is the same.
  'hv kvm, unpatched': (argv) => underHv(argv, ['--platform=kvm', '--patch-calls=never', ...HV_FLAGS]),
  'hv ptrace': (argv) => underHv(argv, ['--platform=ptrace', ...HV_FLAGS]),
  'hv ptrace, unpatched': (argv) => underHv(argv, ['--platform=ptrace', '--patch-calls=never', ...HV_FLAGS]),
  'runsc systrap': (argv) => underRunsc('systrap', argv),
  'runsc ptrace': (argv) => underRunsc('ptrace', argv),
}
export const COLUMNS = ['native', ...Object.keys(SANDBOXES)]

/**
 * @typedef {object} Figure
 * @property {string} name
 * @property {'call' | 'program'} kind a call's unit is ns, a program's ms
 * @property {Record<string, number>} values by column, without those that could not be measured
 * @property {string} [note] why values are missing
 */

/** @returns {Figure[]} each the best of so many rounds, taken in turn; in a bed, which has no programs, of calls alone */
export function real({rounds, milliseconds, isEmulated = false}) {
  const columns = Object.keys(SANDBOXES).filter((column) => {
    if (arch !== 'x86_64' && column.endsWith('unpatched')) return false
    const reason = whyNot(SANDBOXES[column]([program('true')]))
    if (reason !== undefined) console.error(`bench: no ${column}: ${reason}`)
    return reason === undefined
  })
  const measured =
    (kind) =>
    ([name, argv, isNative]) => {
      console.error(`bench: ${name}`)
      return figure(name, kind, argv, isNative ? [] : columns, rounds)
    }
  const figures = calls(milliseconds).map(measured('call'))
  return isEmulated ? figures : [...figures, ...programs().map(measured('program'))]
}

/** The platform that hv takes on this host by itself. */
export function defaultPlatform() {
  const [, platform] = /^platform +(\w+)/m.exec(run(underHv([program('true')], ['--stats'])).stderr) ?? []
  return platform
}

/** [name, command, only native]: each prints nanoseconds. */
function calls(milliseconds) {
  const operation = (name) => [program('operation'), name, `${milliseconds}`]
  const process = (name, ...argv) => [program('processes'), name, `${milliseconds}`, ...argv]
  return [
    ['a word to another core and back', [program('core-to-core'), `${milliseconds}`], true],
    ['getpid', operation('getpid')],
    ['umask', operation('null')],
    ['clock_gettime', operation('clock')],
    ['read 1 byte', operation('read')],
    ['write 4 KiB', operation('write')],
    ['open, close', operation('open-close-file')],
    ['stat', operation('stat-file')],
    ['mmap, touch, munmap', operation('mmap-touch-munmap')],
    ['page fault', operation('fault-new-in-order')],
    ['fork, wait', process('fork-wait')],
    ['fork, exec, wait', process('spawn', program('true'))],
    ['thread create, join', process('thread')],
    ['pipe round trip', process('pipe')],
    ['UNIX socket round trip', process('socket')],
    ['futex round trip', process('futex')],
  ]
}

/** Each runs once, timed from inside: a sandbox's start is another figure. */
function programs() {
  const once = (...argv) => [program('processes'), 'spawn', '0', ...argv]
  const sh = (script) => once('/bin/sh', '-c', script)
  return [
    ['python3 -c pass', once(PYTHON, '-c', 'pass')],
    ['python3 json.tool, 50 MB', once(PYTHON, '-m', 'json.tool', '--compact', longJson(), '/dev/null')],
    ['git status, 10,000 files', once('/usr/bin/git', '-C', gitRepository(), 'status', '--short')],
    ['gcc -O2, 2,000 lines', once('/usr/bin/gcc', '-O2', '-c', longSource(), '-o', '/tmp/hv-bench-long.o')],
    ['make -j2, 50 files', once('/usr/bin/make', '-B', '-s', '-j2', '-C', sourceTree())],
    ['tar of /usr/share/doc', sh('tar cf - -C /usr/share doc | cat > /dev/null')],
    ['sqlite3, 100,000 inserts', sh(`rm -f /tmp/hv-bench.db; sqlite3 /tmp/hv-bench.db < ${insertScript()}`)],
    ['node -e 0', once('/usr/bin/node', '-e', '0')],
  ]
}

/** @param {string[]} columns besides native */
function figure(name, kind, argv, columns, rounds) {
  const commands = new Map([['native', argv], ...columns.map((column) => [column, SANDBOXES[column](argv)])])
  const scale = kind === 'call' ? 1 : 1e-6
  const values = {}
  const notes = []
  for (let round = 0; round < rounds; round++) {
    for (const [column, command] of commands) {
      try {
        const value = Number(run(command).words[0]) * scale
        values[column] = Math.min(values[column] ?? value, value)
      } catch (error) {
        notes.push(`${column}: ${error.message}`)
        commands.delete(column)
      }
    }
  }
  return {name, kind, values, ...(notes.length > 0 && {note: notes.join('; ')})}
}

/** @param {Figure[]} figures */
export function realTable(figures) {
  const columns = COLUMNS.filter((column) => figures.some(({values}) => values[column] !== undefined))
  const head = ['', ...columns]
  const lines = figures.map(({name, kind, values, note}) => [
    name,
    ...columns.map((column) => cell(values, column, kind === 'call' ? 'ns' : 'ms')),
    ...(note === undefined ? [] : [note]),
  ])
  const widths = head.map((_, i) => Math.max(...[head, ...lines].map((line) => line[i].length)))
  return [head, ...lines]
    .map((line) => line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i] ?? 0))))
    .map((line) => line.join('  ').trimEnd())
    .join('\n')
}

function cell(values, column, unit) {
  const value = values[column]
  if (value === undefined) return '–'
  const text = `${digits(value)} ${unit}`
  return column === 'native' ? text : `${text} (${times(value / values.native)})`
}
