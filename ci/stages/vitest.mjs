// A vitest project as checks: one per test, read from vitest's JSON report.

import {existsSync, mkdirSync, readFileSync, rmSync} from 'node:fs'
import {cache, root} from '../paths.mjs'
import {run} from '../process.mjs'

/** @param {string} project a project of ci/vitest.config.ts, along with all named PROJECT-…; its tests are in test/PROJECT */
export async function vitest(project, {timeoutMs}) {
  const report = `${cache}/ci/vitest-${project}.json`
  mkdirSync(`${cache}/ci`, {recursive: true})
  rmSync(report, {force: true})

  const args = ['vitest', 'run', '--config', 'ci/vitest.config.ts']
  args.push('--project', project, '--project', `${project}-*`)
  args.push('--reporter=default', '--reporter=json', `--outputFile.json=${report}`)
  const {status, output} = await run('npx', args, {cwd: root, timeoutMs})
  if (!existsSync(report)) return [{name: `test/${project}`, status: 'failed', detail: output}]

  const checks = JSON.parse(readFileSync(report, 'utf8')).testResults.flatMap(checksOfFile)
  if (checks.length === 0) return [{name: `test/${project}`, status: 'skipped', detail: 'there is no test'}]
  // An unhandled error outside of a test fails the run but no test.
  if (status !== 0 && !checks.some((check) => check.status === 'failed')) {
    checks.push({name: `test/${project}`, status: 'failed', detail: output})
  }
  return checks
}

function checksOfFile(file) {
  const path = file.name.replace(`${root}/`, '')
  if (file.assertionResults.length === 0) {
    return [{name: path, status: 'failed', detail: file.message || 'no test in the file'}]
  }
  const tests = file.assertionResults.map((test) => ({
    name: `${path}: ${test.fullName}`,
    status: test.status === 'passed' || test.status === 'failed' ? test.status : 'skipped',
    detail: withoutRunner(test.failureMessages?.join('\n')) || undefined,
  }))
  // A failed beforeAll fails the file and leaves its tests skipped.
  if (file.status !== 'failed' || tests.some(({status}) => status === 'failed')) return tests
  return [...tests, {name: path, status: 'failed', detail: file.message || 'failed outside of its tests'}]
}

/** A stack without the frames of vitest itself. */
function withoutRunner(text = '') {
  return text
    .split('\n')
    .filter((line) => !/^ +at .*(node_modules\/|node:internal\/)/.test(line))
    .join('\n')
}
