// npm test on a hosted machine, with or without KVM. With it, all is as strict as on your own machine. Without it, the tests
// that need it are skipped by name, and the beds run the guests in emulation.

import {spawnSync} from 'node:child_process'
import {appendFileSync} from 'node:fs'
import {canOpenKvm} from './kvm.mjs'
import {root} from './paths.mjs'

/** Only the stages that skip tests, or themselves, without KVM: stages.mjs has all. */
const USE_KVM = ['unit', 'fuzz', 'linux', 'cli', 'sandbox', 'package']

// A job's container runs as root but another user owns its checkout, and git refuses another user's repository (man 1 git-config,
// safe.directory).
const env = {
  ...process.env,
  GIT_CONFIG_COUNT: '1',
  GIT_CONFIG_KEY_0: 'safe.directory',
  GIT_CONFIG_VALUE_0: root,
}

const hasKvm = canOpenKvm()
const how = hasKvm ? 'with KVM: every test' : 'no KVM: tests that need it are skipped; see the bed stage'
console.log(how)
if (process.env.GITHUB_STEP_SUMMARY) appendFileSync(process.env.GITHUB_STEP_SUMMARY, `${how}\n`)

const statuses = hasKvm ? [test([], 'true')] : [test(others(), 'true'), test(USE_KVM, undefined)]
process.exitCode = statuses.every((status) => status === 0) ? 0 : 1

/** @param {string | undefined} CI 'true': a skip is a failure */
function test(stages, CI) {
  return spawnSync('node', ['ci/test.mjs', ...stages], {cwd: root, stdio: 'inherit', env: {...env, CI}})
    .status
}

function others() {
  const {stdout} = spawnSync('node', ['ci/test.mjs', '--list'], {cwd: root, encoding: 'utf8'})
  const all = stdout.match(/^\S+/gm)
  return all.filter((name) => !USE_KVM.includes(name))
}
