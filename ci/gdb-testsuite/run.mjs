// Runs gdb's own testsuite with Debian's gdbserver and with `hv run --gdb`, and compares.
//
//   node ci/gdb-testsuite/run.mjs [--platform ptrace|kvm] [--extended] [--every N] [--jobs N] [--seconds N] [FILE...]
//
// --extended: on the board native-extended-gdbserver, whose gdb starts the programs; default: native-gdbserver.
// FILE is gdb.base/break.exp, or a folder: default, gdb.base and gdb.threads. --every N: each Nth file of a folder. --seconds: a
// file's time limit. It fails if hv fails a test that gdbserver passes, in a file that differences.json does not list.

import {spawnSync} from 'node:child_process'
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {parseArgs} from 'node:util'
import {debianSource} from '../debian.mjs'
import {installMissing} from '../packages.mjs'
import {cache, hv} from '../paths.mjs'
import {runFile} from './run-file.mjs'
import {failures, lostPasses, passes} from './sum.mjs'

const FIRST_PORT = 23_000
/** A file starts its server again and again, each time at the next port. */
const PORTS_OF_A_FILE = 100
const PORTS = 20_000
/** Of a file's tests. */
const SHOWN = 12
const known = JSON.parse(readFileSync(new URL('differences.json', import.meta.url), 'utf8'))
const wrapper = new URL('hv-gdbserver.sh', import.meta.url).pathname
let nextPort = 0

async function main() {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {
      platform: {type: 'string', default: 'ptrace'},
      extended: {type: 'boolean', default: false},
      every: {type: 'string', default: '1'},
      jobs: {type: 'string', default: '2'},
      seconds: {type: 'string', default: '120'},
    },
  })
  const missing = await installMissing(console.log, ['gdb', 'gdbserver', 'dejagnu', 'gcc', 'g++'])
  if (missing.length > 0) throw new Error(`missing: ${missing.join(' ')}`)
  const version = debianVersion()
  const testsuite = `${debianSource('gdb', version)}/gdb/testsuite`
  const results = `${cache}/gdb-testsuite/${version}`
  const files = chosen(testsuite, positionals, Number(values.every))
  const {platform, extended} = values
  const limits = {testsuite, results, timeoutMs: Number(values.seconds) * 1000, platform, extended}

  const done = []
  const next = files[Symbol.iterator]()
  const worker = async () => {
    for (const file of next) {
      const row = await compare(file, limits)
      if (row === undefined) continue
      console.log(line(row))
      for (const name of row.lost.slice(0, SHOWN)) console.log(`    ${name}`)
      if (row.lost.length > SHOWN) console.log(`    and ${row.lost.length - SHOWN} more`)
      done.push(row)
    }
  }
  await Promise.all(Array.from({length: Number(values.jobs)}, worker))
  if (done.length === 0) throw new Error(`no file started a server: see runtest.out in ${results}`)
  report(done, `${results}/${of(platform, extended)}.json`)
}

/** @returns {Promise<{file: string, reference: object, ours: object, lost: string[]} | undefined>} undefined: it needs no server */
async function compare(file, {testsuite, results, timeoutMs, platform, extended}) {
  const board = extended ? 'native-extended-gdbserver' : 'native-gdbserver'
  const run = (name, tools) => {
    const folder = `${results}/${name}/${file.replace(/\.exp$/, '')}`
    const port = FIRST_PORT + ((nextPort++ * PORTS_OF_A_FILE) % PORTS)
    return runFile(testsuite, file, {gdb: '/usr/bin/gdb', board, ...tools}, {folder, port, timeoutMs})
  }
  const gdbserver = of('gdbserver', extended)
  const reference = await kept(`${results}/${gdbserver}/${file}.json`, () =>
    run(gdbserver, {server: '/usr/bin/gdbserver', env: {}}),
  )
  // Of gdb alone: there is nothing to compare.
  if (!reference.isServed) return undefined
  const withHv = () => run(of(platform, extended), {server: wrapper, env: {HV: hv, HV_PLATFORM: platform}})
  let ours = await withHv()
  let lost = lostPasses(reference.rows, ours.rows)
  // A busy machine makes some fail; what fails twice counts.
  if (lost.length > 0 && known[file] === undefined) {
    const again = await withHv()
    const lostAgain = lostPasses(reference.rows, again.rows)
    if (lostAgain.length < lost.length) [ours, lost] = [again, lostAgain]
  }
  return {file, reference, ours, lost}
}

/** The folder of a server's results. */
const of = (server, extended) => (extended ? `${server}-extended` : server)

/** What gdbserver passes depends on this machine alone: it is asked once. */
async function kept(path, make) {
  if (existsSync(path)) return JSON.parse(readFileSync(path, 'utf8'))
  const made = await make()
  mkdirSync(path.slice(0, path.lastIndexOf('/')), {recursive: true})
  writeFileSync(path, JSON.stringify(made))
  return made
}

function line({file, reference, ours, lost}) {
  const says = ({rows, seconds, timedOut}) =>
    `${passes(rows)}/${failures(rows)} ${Math.round(seconds)}s${timedOut ? ' (time limit)' : ''}`
  const state = lost.length === 0 ? 'same' : known[file] === undefined ? 'DIFFERS' : 'known'
  return `${state.padEnd(8)} ${file}: gdbserver ${says(reference)}, hv ${says(ours)}`
}

function report(rows, path) {
  const total = (which, of) => rows.reduce((sum, row) => sum + of(row[which].rows), 0)
  const differing = rows.filter(({lost}) => lost.length > 0)
  const unexpected = differing.filter(({file}) => known[file] === undefined)
  writeFileSync(
    path,
    JSON.stringify(
      rows.map(({file, lost}) => ({file, lost})),
      null,
      1,
    ),
  )
  console.log(`${rows.length} files that start a server`)
  console.log(`gdbserver: ${total('reference', passes)} pass, ${total('reference', failures)} fail`)
  console.log(`hv:        ${total('ours', passes)} pass, ${total('ours', failures)} fail`)
  console.log(
    `${differing.length} files with tests that only gdbserver passes, ${unexpected.length} of them not in differences.json`,
  )
  if (unexpected.length > 0) process.exitCode = 1
}

function chosen(testsuite, names, every) {
  return (names.length > 0 ? names : ['gdb.base', 'gdb.threads']).flatMap((name) => {
    if (name.endsWith('.exp')) return [name]
    const all = readdirSync(`${testsuite}/${name}`).filter((each) => each.endsWith('.exp'))
    return all.sort().flatMap((each, index) => (index % every === 0 ? [`${name}/${each}`] : []))
  })
}

/** The sources must be the installed gdb's: tests know the words of their own version. */
function debianVersion() {
  return spawnSync('dpkg-query', ['-W', '-f', `\${source:Version}`, 'gdb'], {encoding: 'utf8'}).stdout
}

try {
  await main()
} catch (error) {
  console.error(`ci/gdb-testsuite: ${error.message}`)
  process.exitCode = 1
}
