// Builds one guest and plays it natively and under hv on both platforms: `npm run guest NAME...`.
//
// Exit status 0: it ended everywhere as its source says.

import {spawnSync} from 'node:child_process'
import {existsSync} from 'node:fs'
import {constants} from 'node:os'
import {stepMs} from './budgets.mjs'
import {buildWhatIsOld} from './built.mjs'
import {allGuests, expectationOf} from './guests.mjs'
import {canOpenKvm} from './kvm.mjs'
import {arch, guests, hv, root} from './paths.mjs'

const say = (line) => console.log(line)
const names = process.argv.slice(2)
if (names.length === 0) fail('which guest? npm run guest NAME, a file of guests/linux without .c')
const chosen = names.map(guestNamed)

await buildWhatIsOld(['addon', 'dist'], say).catch(({message}) => fail(message))
for (const {name} of chosen) {
  const {status} = spawnSync('sh', ['guests/build.sh', guests, arch, name], {cwd: root, stdio: 'inherit'})
  if (status !== 0) fail(`${name} was not built`)
}
process.exitCode = chosen.map(play).every((passed) => passed) ? 0 : 1

function guestNamed(name) {
  const found = allGuests.find((guest) => guest.name === name)
  if (found) return found
  const near = allGuests.filter((guest) => guest.name.includes(name)).map((guest) => guest.name)
  fail(`no guest '${name}'${near.length > 0 ? `: ${near.join(', ')}` : ' in guests/linux'}`)
}

/** @param {import('./guests.mjs').Guest} guest @returns {boolean} whether it passed, wherever it was played */
function play(guest) {
  const {name, binary, path} = guest
  if (!existsSync(binary)) fail(`guests/build.sh builds no ${name} here`)
  const {status, stdout} = expectationOf(guest)
  say(`${name} (${path}): status ${status}${stdout ? `, and says ${JSON.stringify(stdout)}` : ''} is a pass`)
  const under = (platform) => [
    process.execPath,
    hv,
    'run',
    '--platform',
    platform,
    '--patch-calls',
    'always',
    binary,
  ]
  const ends = [
    playOn('natively', [binary], guest, whyNotNatively(guest)),
    playOn('kvm', under('kvm'), guest, whyNotOnKvm(guest)),
    playOn('ptrace', under('ptrace'), guest),
  ]
  return ends.every((passed) => passed)
}

function playOn(where, [program, ...args], guest, whyNot) {
  if (whyNot) {
    say(`  ${where.padEnd(9)} skipped: ${whyNot}`)
    return true
  }
  const started = performance.now()
  const end = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    timeout: stepMs('command'),
    killSignal: 'SIGKILL',
  })
  const seconds = ((performance.now() - started) / 1000).toFixed(2)
  const status = end.status ?? 128 + constants.signals[end.signal]
  const expected = expectationOf(guest)
  // hv reports a fault as a shell does.
  const complaint = end.stderr.replace(expected.status > 128 ? /^hv: .*\n/ : '', '')
  const passed = status === expected.status && end.stdout === expected.stdout && complaint === ''
  say(`  ${where.padEnd(9)} ${passed ? 'pass' : 'FAIL'}  status ${status}  ${seconds} s`)
  if (!passed) say((end.stdout + end.stderr).replace(/^(?=.)/gm, '    ').trimEnd())
  return passed
}

function whyNotNatively({source}) {
  return source.includes('// only under hv') && 'only under hv'
}

function whyNotOnKvm({source}) {
  if (!canOpenKvm()) return 'no /dev/kvm: npx hv check'
  const unfit = existsSync('/sys/module/kvm_pvm') && /^\/\/ (not on PVM.*)$/m.exec(source)
  return unfit?.[1]
}

function fail(message) {
  console.error(`guest: ${message}`)
  process.exit(2)
}
