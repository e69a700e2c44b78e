// Runs one command in a bed, in /hv, which holds the repository.
//
//   node ci/bed/bed.mjs [BED] [--debian] [--cpus N] [--timeout SECONDS] [--] [COMMAND [ARG...]]
//   node ci/bed/bed.mjs --list
//
// BED is the name of a bed (beds.mjs) or of a board (boards/*.json), svm by default. Output and status are the command's.
// --debian: with Debian's programs in /debian.
// Without a command it prints what the bed offers.

import {buildWhatIsOld} from '../built.mjs'
import {bedNamed, beds} from './beds.mjs'
import {bootBed} from './boot.mjs'

const USAGE =
  'usage: node ci/bed/bed.mjs [BED] [--debian] [--cpus N] [--timeout SECONDS] [--] [COMMAND [ARG...]]'
const ABOUT = [
  'uname -r; ls -l /dev/kvm',
  "dmesg | sed -n 's/.*kvm \\[[0-9]*\\]: //p'",
  'grep -owE "svm|npt|vmx|ept|smep|smap|umip|avx2" /proc/cpuinfo | sort | uniq -c; node --version',
].join('\n')

/** As in hv itself, options end where the command begins, with or without `--`. */
function split(args) {
  const settings = {name: 'svm', timeout: 600}
  const isName = args[0] !== undefined && bedNamed(args[0]) !== undefined
  if (isName) settings.name = args[0]
  let at = isName ? 1 : 0
  for (; args[at]?.startsWith('--') && args[at] !== '--'; at++) {
    const option = args[at].slice(2)
    if (option === 'debian') {
      settings.debian = true
      continue
    }
    const value = Number(args[++at])
    if (!['cpus', 'timeout'].includes(option) || !(value > 0)) return undefined
    settings[option] = value
  }
  return {...settings, command: args.slice(args[at] === '--' ? at + 1 : at)}
}

async function main(args) {
  if (args[0] === '--list') return console.log(Object.keys(beds).join('\n'))
  const settings = split(args)
  if (!settings) {
    console.error(USAGE)
    process.exitCode = 2
    return
  }
  const {name, debian, cpus, timeout, command} = settings
  const argv = command.length > 0 ? command : ['sh', '-c', ABOUT]
  await buildWhatIsOld(['addon', 'dist'], console.error)
  const bed = await bootBed(name, cpus ? {debian, cpus} : {debian})
  const result = await bed.run({argv, timeoutMs: timeout * 1000}).finally(() => bed.stop())
  process.stdout.write(result.stdout)
  process.stderr.write(result.stderr)
  if (result.timedOut) console.error(`ci/bed/bed.mjs: ended after ${timeout} s`)
  process.exitCode = result.timedOut ? 124 : (result.status ?? 128)
}

await main(process.argv.slice(2)).catch((error) => {
  console.error(`bed: ${error.message}`)
  process.exitCode = 1
})
