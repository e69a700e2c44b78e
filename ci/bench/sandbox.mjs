// Sandbox, as an embedder uses it: making one, runs, streams, files and memory, with child_process as the floor, and gVisor's start.

import {execFile, spawn} from 'node:child_process'
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import {readFile, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {promisify} from 'node:util'
import {root} from '../paths.mjs'
import {best, median, run, underRunsc, whyNot} from './measure.mjs'
import {program} from './programs.mjs'
import {emptyRow, row} from './row.mjs'

const WARM_AIM_MS = 10
const RUN_AIM_MS = 15
/** How many times child_process' time a stream may take: half its throughput. */
const STREAM_LIMIT = 2
const STREAM_BYTES = 2 ** 30
const CAT = '/usr/bin/cat'
const FILE_BYTES = 2 ** 20
/** By then V8 has compiled as much as in a program that runs on. */
const WARM_UP_ROUNDS = 5
/** Enough for a pool to start another process. */
const REFILL_MS = 700

const PLATFORMS = ['kvm', 'ptrace']

/** @returns {Promise<import('./row.mjs').Row[]>} */
export async function sandbox({startRounds, rounds}) {
  const hvkit = await import(`${root}/dist/index.js`)
  const missing = whyNot(underRunsc('systrap', ['true']))
  const rows = []
  for (const platform of PLATFORMS)
    rows.push(...(await measured(platform, () => onPlatform(hvkit, platform, startRounds, rounds, missing))))
  if (missing !== undefined) rows.push(emptyRow('sandbox/runsc', 'absent', missing))
  return rows
}

/** When one platform does not work here, the other's rows are not lost. */
async function measured(platform, rows) {
  try {
    return await rows()
  } catch (error) {
    return [emptyRow(`sandbox/${platform}`, 'failed', error.message)]
  }
}

async function onPlatform(hvkit, platform, startRounds, rounds, missing) {
  const named = (what) => `sandbox/${what}-${platform}`
  const nothing = program('true')
  const native = median(await timed(startRounds, () => promisify(execFile)(nothing)))
  const cold = median(await timed(rounds, () => createAndRun(() => hvkit.Sandbox.create({platform}))))
  const rows = [row(named('create-run'), 'ms', cold, 'child_process', native)]
  if (missing === undefined) {
    const theirs = median(await timed(rounds, () => run(underRunsc('systrap', [nothing]))))
    rows.push(row(named('create-run'), 'ms', cold, 'runsc systrap', theirs))
  }
  const pools = [
    ['', undefined],
    ['-prepared', (box) => box.run(nothing)],
  ]
  for (const [how, prepare] of pools) {
    const {first, later} = await pooled(hvkit, {sandbox: {platform}, prepare}, startRounds)
    rows.push(row(named(`pool-start${how}`), 'ms', first, 'child_process', native))
    rows.push(row(named(`warm-create-run${how}`), 'ms', median(later), 'aim', WARM_AIM_MS))
  }
  await within(hvkit.Sandbox.create({platform}), async (box) => {
    const again = median(await timed(startRounds, () => box.run(nothing)))
    rows.push(row(named('run-true'), 'ms', again, 'aim', RUN_AIM_MS))
    const pieces = [program('output'), [`${STREAM_BYTES}`]]
    rows.push(await streamed(named('spawn-1GiB-by-64KiB'), box, pieces, rounds))
    rows.push(await files(named('files-1MiB'), box, startRounds))
  })
  rows.push(await streamedFile(named('spawn-cat-1GiB'), hvkit, platform, rounds))
  return [...rows, await memory(named('memory'), hvkit, platform)]
}

function createAndRun(create) {
  return within(create(), async (box) => {
    const {exitCode} = await box.run(program('true'))
    if (exitCode !== 0) throw new Error(`Sandbox.run: exit status ${exitCode}`)
  })
}

/** Not every Node that runs this has `using`. */
async function within(made, act) {
  const box = await made
  try {
    return await act(box)
  } finally {
    await box.dispose()
  }
}

/**
 * The first program of a pool's sandboxes: of the first one, for which it must start a process, and of those that were ready.
 */
async function pooled({SandboxPool}, options, rounds) {
  const pool = new SandboxPool(options)
  const [first] = await timed(1, () => createAndRun(() => pool.create()), 0)
  const later = []
  for (let round = 0; round < rounds; round++) {
    await sleep(REFILL_MS)
    const begin = performance.now()
    const box = await pool.create()
    await box.run(program('true'))
    later.push(performance.now() - begin)
    await box.dispose()
  }
  pool.dispose()
  return {first, later}
}

/** What a program of the host's does: coreutils' cat reads and writes 256 KiB at a time. */
async function streamedFile(name, {Sandbox}, platform, rounds) {
  if (!existsSync(CAT)) return emptyRow(name, 'absent', `there is no ${CAT}`)
  return inFolder((folder) => {
    const path = join(folder, 'zeros')
    writeFileSync(path, '')
    truncateSync(path, STREAM_BYTES)
    const volumes = [{host: folder, guest: folder}]
    return within(Sandbox.create({platform, volumes, withLibraries: true}), (box) =>
      streamed(name, box, [CAT, [path]], rounds),
    )
  })
}

/** A fresh folder of the host's, which is gone afterwards. */
async function inFolder(act) {
  const folder = mkdtempSync(join(tmpdir(), 'hv-bench-'))
  try {
    return await act(folder)
  } finally {
    rmSync(folder, {recursive: true})
  }
}

async function streamed(name, box, argv, rounds) {
  const ours = () => box.spawn(...argv).stdout
  const theirs = () => spawn(...argv, {stdio: ['ignore', 'pipe', 'inherit']}).stdout
  const taken = {ours: [], theirs: []}
  for (let round = 0; round < rounds; round++) {
    taken.theirs.push(...(await timed(1, () => drain(theirs()), 0)))
    taken.ours.push(...(await timed(1, () => drain(ours()), 0)))
  }
  return row(name, 'ms', best(taken.ours), 'child_process', best(taken.theirs), {limit: STREAM_LIMIT})
}

async function drain(stream) {
  let length = 0
  for await (const chunk of stream) length += chunk.length
  if (length !== STREAM_BYTES) throw new Error(`${length} bytes in place of ${STREAM_BYTES}`)
}

async function files(name, box, rounds) {
  const bytes = new Uint8Array(FILE_BYTES).fill(1)
  return inFolder(async (folder) => {
    const path = join(folder, 'file')
    const ours = await timed(rounds, async () => {
      await box.files.write('/tmp/file', bytes)
      await box.files.read('/tmp/file')
    })
    const theirs = await timed(rounds, async () => {
      await writeFile(path, bytes)
      await readFile(path)
    })
    return row(name, 'ms', median(ours), 'fs/promises', median(theirs))
  })
}

/** The private memory of a sandbox that has run a program, with all its processes, beside an empty node's. */
async function memory(name, {Sandbox}, platform) {
  const before = new Set(descendants(process.pid))
  const total = await within(Sandbox.create({platform}), async (box) => {
    await box.run(program('true'))
    const own = descendants(process.pid).filter((pid) => !before.has(pid))
    return own.reduce((sum, pid) => sum + privateMiB(pid), 0)
  })
  const node = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'])
  await sleep(300)
  const reference = privateMiB(node.pid)
  node.kill()
  return row(name, 'MiB', total, 'node -e 0', reference)
}

/** @returns {number[]} */
function descendants(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number),
  )
  return children.flatMap((child) => [child, ...descendants(child)])
}

function privateMiB(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const kiB = [...rollup.matchAll(/^Private_(?:Clean|Dirty): +(\d+)/gm)].map(([, digits]) => +digits)
  return kiB.reduce((sum, each) => sum + each, 0) / 1024
}

/** @returns {Promise<number[]>} milliseconds of each round */
async function timed(rounds, act, warmUp = WARM_UP_ROUNDS) {
  const times = []
  for (let round = -warmUp; round < rounds; round++) {
    const begin = performance.now()
    await act()
    if (round >= 0) times.push(performance.now() - begin)
  }
  return times
}
