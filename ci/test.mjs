// Runs every stage in order and ends with the line `N passed, N failed, N skipped`: what `npm test` and CI run.
//
//   node ci/test.mjs            every stage
//   node ci/test.mjs NAME...    only these (node ci/test.mjs --list names them)
//
// Exit status 0: nothing failed. With CI=true a skip is a failure too, unless allowed-skips.json says why not.

import {mkdirSync, writeFileSync} from 'node:fs'
import {stageMs} from './budgets.mjs'
import {installDependencies} from './dependencies.mjs'
import {canOpenKvm} from './kvm.mjs'
import {aptLine, installMissing} from './packages.mjs'
import {cache} from './paths.mjs'
import {allowedSkip} from './skips.mjs'
import {stages} from './stages.mjs'

const LONGEST_FAILURE_LINES = 60
const SUMMARY_LINES = 8
const SUMMARY_COLUMNS = 300
const inCi = process.env.CI === 'true'
const say = (line) => console.log(line)

const wanted = process.argv.slice(2)
if (wanted.includes('--list')) {
  for (const stage of stages) say(`${stage.name.padEnd(10)} ${stage.what}`)
  process.exit(0)
}
const unknown = wanted.find((name) => !stages.some((stage) => stage.name === name))
if (unknown) {
  console.error(`ci/test.mjs: no stage '${unknown}': node ci/test.mjs --list names them`)
  process.exit(2)
}

process.exitCode = (await main()) ? 0 : 1

async function main() {
  const started = performance.now()
  const chosen = stages.filter(({name}) => wanted.length === 0 || wanted.includes(name))
  // On a laptop, stages that are named install no more than they use.
  const used = chosen.flatMap(({packages = [], better = []}) => [...packages, ...better])
  const missing = await installMissing(say, wanted.length === 0 || inCi ? undefined : used)
  if (missing.length > 0) say(`Without them stages are skipped or slow. As root: ${aptLine(missing)}`)
  await installDependencies(say)
  mkdirSync(`${cache}/ci`, {recursive: true})

  const total = {passed: 0, failed: 0, skipped: 0}
  const skips = []
  const failures = []
  for (const stage of chosen) {
    const counts = await runStage(stage, missing, skips, failures)
    for (const key of Object.keys(total)) total[key] += counts[key]
  }

  if (skips.length > 0) say(`\nSkipped:\n${skips.map((line) => `  ${line}`).join('\n')}`)
  // Once more, shortly: of a long log, people are often shown the end alone.
  if (failures.length > 0)
    say(`\nFailed:\n${failures.map(({name, detail}) => `  ${name}: ${head(detail)}`).join('\n')}`)
  say(`\nTook ${seconds(started)}`)
  say(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0 && total.passed > 0
}

async function runStage(stage, missing, skips, failures) {
  const started = performance.now()
  const checks = await checksOf(stage, missing)
  const counts = {passed: 0, failed: 0, skipped: 0}
  const failed = []

  for (const check of checks) {
    const forbidden = check.status === 'skipped' && inCi && !allowedSkip(check.name)
    const status = forbidden ? 'failed' : check.status
    counts[status] += check.count ?? 1
    if (status === 'skipped') skips.push(`${check.name}: ${check.detail ?? 'skipped by the test'}`)
    if (status === 'failed') {
      failed.push({
        name: check.name,
        detail: `${forbidden ? 'was skipped, and CI should run it: ' : ''}${check.detail ?? ''}`,
      })
    }
  }
  failures.push(...failed)
  writeFileSync(`${cache}/ci/${stage.name}.json`, JSON.stringify({counts, checks}, null, 2))

  const word = counts.failed > 0 ? 'FAIL' : counts.passed > 0 ? 'ok' : 'skip'
  const summary = `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`
  say(`${word.padEnd(5)}${stage.name.padEnd(10)}${seconds(started).padStart(8)}   ${summary} (${stage.what})`)
  for (const {name, detail} of failed) say(`--- ${name}\n${tail(detail)}`)
  return counts
}

async function checksOf(stage, missing) {
  const lacking = (stage.packages ?? []).filter((name) => missing.includes(name))
  if (stage.kvm && !canOpenKvm()) lacking.push('/dev/kvm (`npx hv check` says what is wrong with it)')
  if (lacking.length > 0) {
    return [{name: stage.name, status: 'skipped', detail: `needs ${lacking.join(', ')}`}]
  }
  try {
    return await stage.run({timeoutMs: stageMs(stage.name)})
  } catch (error) {
    return [{name: stage.name, status: 'failed', detail: error.stack}]
  }
}

function head(text) {
  const lines = text.trim().split('\n').slice(0, SUMMARY_LINES)
  return lines.map((line) => line.slice(0, SUMMARY_COLUMNS)).join('\n    ')
}

function tail(text) {
  const lines = text.trimEnd().split('\n')
  const cut = lines.length - LONGEST_FAILURE_LINES
  return cut > 0
    ? [`… ${cut} lines before`, ...lines.slice(-LONGEST_FAILURE_LINES)].join('\n')
    : lines.join('\n')
}

function seconds(started) {
  return `${((performance.now() - started) / 1000).toFixed(1)} s`
}
