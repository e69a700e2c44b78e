// Runs one .exp file of gdb's testsuite with one server, in a folder of its own, and ends whatever it leaves.

import {spawn} from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import {arch} from '../paths.mjs'
import {parseSum} from './sum.mjs'

/** Marks the processes of a run: those that left its session, too. */
const MARK = 'HV_GDB_SUITE'
const TRIPLET = {x86_64: 'x86_64-pc-linux-gnu', arm64: 'aarch64-unknown-linux-gnu'}[arch]

/**
 * @param {string} testsuite gdb/testsuite of gdb's sources
 * @param {string} file such as gdb.base/break.exp
 * @param {{gdb: string, board: string, server: string, env: object}} tools the programs; `board`: DejaGnu's; `env`: what the server needs
 * @param {{folder: string, port: number, timeoutMs: number}} options an empty folder; a port that, with some after it, is free
 * @returns {Promise<{rows: {result: string, name: string}[], isServed: boolean, seconds: number, timedOut: boolean}>} `isServed`: a
 *   server was started
 */
export async function runFile(testsuite, file, {gdb, board, server, env}, {folder, port, timeoutMs}) {
  rmSync(folder, {recursive: true, force: true})
  mkdirSync(folder, {recursive: true})
  writeFileSync(`${folder}/site.exp`, site(testsuite, port))
  const mark = `${process.pid}-${port}-${Date.now()}`
  const words = ['--status', `--target_board=${board}`, `GDB=${gdb}`, `GDBSERVER=${server}`, file]
  const began = performance.now()
  const {DEBUGINFOD_URLS: _, ...inherited} = process.env
  const timedOut = await ended(words, timeoutMs, {
    cwd: folder,
    env: {...inherited, LC_ALL: 'C', TERM: 'dumb', HOME: folder, SUITE_FOLDER: folder, [MARK]: mark, ...env},
  })
  endMarked(`${MARK}=${mark}`)
  for (const name of ['outputs', 'temp', 'cache']) rmSync(`${folder}/${name}`, {recursive: true, force: true})
  const sum = `${folder}/gdb.sum`
  const rows = existsSync(sum) ? parseSum(readFileSync(sum, 'utf8')) : []
  const log = `${folder}/gdb.log`
  const isServed = existsSync(log) && readFileSync(log, 'latin1').includes('Listening on port')
  return {rows, isServed, seconds: (performance.now() - began) / 1000, timedOut}
}

/** What gdb's configure would write. */
function site(testsuite, port) {
  const triplets = ['host_triplet', 'target_alias', 'target_triplet', 'build_triplet']
  return [
    ...triplets.map((name) => `set ${name} ${TRIPLET}`),
    `set srcdir ${testsuite}`,
    'set tool gdb',
    'set enable_libctf 0',
    `set portnum ${port}`,
    `source ${testsuite}/lib/append_gdb_boards_dir.exp`,
    '',
  ].join('\n')
}

/** @returns {Promise<boolean>} whether it took too long */
function ended(words, timeoutMs, options) {
  return new Promise((resolve, reject) => {
    const log = openSync(`${options.cwd}/runtest.out`, 'w')
    const child = spawn('runtest', words, {...options, detached: true, stdio: ['ignore', log, log]})
    closeSync(log)
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      endGroup(child.pid)
    }, timeoutMs)
    child.on('error', reject)
    child.on('close', () => {
      clearTimeout(timer)
      resolve(timedOut)
    })
  })
}

function endGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended.
  }
}

/** gdb, its server and what they debug have sessions of their own. */
function endMarked(variable) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(variable))
        process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It has ended, or is another user's.
    }
  }
}
