// Measures hv against raw KVM, native runs, node and gVisor, all in one run.
//
//   node ci/bench/bench.mjs [--quick | --emulated] [--json FILE] [--bed BED]... [NAME...]
//   node ci/bench/bench.mjs --real [--quick] [--json FILE] [--bed BED]...
//   node ci/bench/bench.mjs --paper [--timed] [--json FILE] [--bed BED]...
//   node ci/bench/bench.mjs --boot [--quick] [--json FILE] --bed BED...
//   node ci/bench/bench.mjs --io [--quick] [--timed] [--json FILE] --bed BED...
//
// NAME is a group of rows; in beds, the default is `exit` and `ptrace`. A figure over its limit is reported, and is no failure: the
// status is 1 only when a figure could not be taken.

import {writeFileSync} from 'node:fs'
import {cpus, release} from 'node:os'
import {parseArgs} from 'node:util'
import {buildWhatIsOld} from '../built.mjs'
import {benchInBeds, realInBeds} from './in-bed.mjs'
import {net} from './net.mjs'
import {parked} from './parked.mjs'
import {processes} from './processes.mjs'
import {ptrace} from './ptrace.mjs'
import {emptyRow, table} from './row.mjs'
import {runAsync} from './run-async.mjs'
import {sandbox} from './sandbox.mjs'
import {compute, file, memory} from './speed.mjs'
import {start} from './start.mjs'
import {exit, polling} from './syscall.mjs'

const groups = {
  exit,
  'run-async': runAsync,
  ptrace,
  polling,
  parked,
  compute,
  memory,
  file,
  start,
  sandbox,
  processes,
  net,
}
const thorough = {rounds: 5, milliseconds: 1000, quietSeconds: 3, startRounds: 25}
/** Under emulation, V8 takes seconds to compile what is called often. */
const emulated = {...thorough, rounds: 2, milliseconds: 4000, isEmulated: true}
const quick = {rounds: 2, milliseconds: 300, quietSeconds: 2, startRounds: 15, isQuick: true}

function readArguments() {
  try {
    const {values, positionals} = parseArgs({
      options: {
        quick: {type: 'boolean'},
        emulated: {type: 'boolean'},
        json: {type: 'string'},
        real: {type: 'boolean'},
        paper: {type: 'boolean'},
        timed: {type: 'boolean'},
        boot: {type: 'boolean'},
        io: {type: 'boolean'},
        bed: {type: 'string', multiple: true},
      },
      allowPositionals: true,
    })
    const unknown = positionals.find((name) => !Object.hasOwn(groups, name))
    if (unknown !== undefined) throw new Error(`there is no group ${unknown}`)
    const inBeds = ['boot', 'io'].find((name) => values[name])
    if (inBeds && values.bed === undefined) throw new Error(`--${inBeds} is for beds: name one by --bed`)
    const all = values.bed === undefined ? Object.keys(groups) : ['exit', 'ptrace']
    return {...values, names: positionals.length > 0 ? positionals : all}
  } catch (error) {
    console.error(`bench: ${error.message}`)
    console.error(
      `usage: npm run bench -- [--quick | --emulated] [--json FILE] [--bed BED]... [${Object.keys(groups).join('|')}]..., or --real [--quick] or --paper [--timed] or --boot [--quick] or --io [--quick] [--timed], with [--json FILE] [--bed BED]...`,
    )
    process.exit(2)
  }
}

async function measure(name, settings) {
  try {
    return await groups[name](settings)
  } catch (error) {
    return [emptyRow(name, 'failed', error.message)]
  }
}

const {
  bed: beds,
  boot: isBoot,
  emulated: isEmulated,
  io: isIo,
  json,
  names,
  quick: isQuick,
  real: isReal,
  paper: isPaper,
  timed: isTimed,
} = readArguments()
const settings = isEmulated ? emulated : isQuick ? quick : thorough
// In a bed --emulated measures what was built before the bed was booted.
if (!isEmulated) await buildWhatIsOld(['addon', 'dist'], console.error)

const machines = isBoot ? './boot.mjs' : isIo ? './io.mjs' : undefined
const measureAll = machines ? measureMachines : isPaper ? measurePaper : isReal ? measureReal : measureGroups
const {text, kept, failed} = await measureAll()
console.log(text)
if (json !== undefined) {
  const host = {cpu: cpus()[0]?.model, cpus: cpus().length, kernel: release(), node: process.version}
  writeFileSync(json, `${JSON.stringify({host, ...kept}, null, 2)}\n`)
}
process.exitCode = failed ? 1 : 0

async function measureGroups() {
  const rows = []
  if (beds !== undefined) rows.push(...(await benchInBeds(beds, names)))
  for (const name of beds === undefined ? names : []) {
    console.error(`bench: ${name}`)
    rows.push(...(await measure(name, settings)))
  }
  return {text: table(rows), kept: {rows}, failed: rows.some(({verdict}) => verdict === 'failed')}
}

/** Of hv's and of QEMU's. */
async function measureMachines() {
  const {inBeds} = await import(machines)
  const rows = await inBeds(beds, settings, {isTimed})
  return {
    text: table(rows),
    kept: {date: today(), rows},
    failed: rows.some(({verdict}) => verdict === 'failed'),
  }
}

async function measurePaper() {
  const {paper} = await import('./paper.mjs')
  const {paperTable} = await import('./paper-table.mjs')
  const tables = await paper(beds ?? [], {isTimed}).catch(giveUp)
  const text = tables.map(({architecture, columns}) => paperTable(architecture, columns)).join('\n\n')
  return {text, kept: {date: today(), tables}, failed: false}
}

async function measureReal() {
  const {COLUMNS, defaultPlatform, real, realTable} = await import('./real.mjs')
  const date = today()
  if (beds !== undefined) {
    const inBeds = await realInBeds(beds).catch(giveUp)
    const tables = inBeds.map(({bed, figures}) => `${bed}\n${realTable(figures)}`)
    return {text: tables.join('\n\n'), kept: {date, columns: COLUMNS, beds: inBeds}, failed: false}
  }
  const figures = real(settings)
  const kept = {date, auto: defaultPlatform(), columns: COLUMNS, figures}
  return {text: realTable(figures), kept, failed: false}
}

function today() {
  return new Date().toISOString().slice(0, 10)
}

function giveUp(error) {
  console.error(`bench: ${error.message}`)
  process.exit(1)
}
