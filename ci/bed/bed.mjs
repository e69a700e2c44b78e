// Runs one command in the SVM bed, in /hv, where the repository lies.
//
//   node ci/bed/bed.mjs [--cpus N] [--timeout SECONDS] [--] [COMMAND [ARG...]]
//
// Its output and status are the command's. Without a command it tells what the bed offers.

import {bootBed} from './boot.mjs'

export {bootBed}

/**
 * Boots once and runs the commands one after another.
 * @param {import('./boot.mjs').Command[]} commands
 * @returns {Promise<import('./boot.mjs').Result[]>}
 */
export async function runInBed(commands, options) {
  const bed = await bootBed(options)
  try {
    const results = []
    for (const command of commands) results.push(await bed.run(command))
    return results
  } finally {
    await bed.stop()
  }
}

const ABOUT =
  'uname -r; ls -l /dev/kvm; grep -owE "svm|npt|smep|smap|umip|avx2" /proc/cpuinfo | sort | uniq -c; node --version'

/** hv's habit: options end where the command begins, with or without `--`. */
function split(args) {
  const options = {cpus: 2, timeout: 600}
  let at = 0
  for (; args[at]?.startsWith('--') && args[at] !== '--'; at += 2) {
    const name = args[at].slice(2)
    const value = Number(args[at + 1])
    if (!(name in options) || !(value > 0)) {
      console.error('usage: node ci/bed/bed.mjs [--cpus N] [--timeout SECONDS] [--] [COMMAND [ARG...]]')
      process.exit(2)
    }
    options[name] = value
  }
  return {...options, command: args.slice(args[at] === '--' ? at + 1 : at)}
}

async function main() {
  const {cpus, timeout, command} = split(process.argv.slice(2))
  const argv = command.length > 0 ? command : ['sh', '-c', ABOUT]
  const [result] = await runInBed([{argv, timeoutMs: timeout * 1000}], {cpus})
  process.stdout.write(result.stdout)
  process.stderr.write(result.stderr)
  if (result.timedOut) console.error(`ci/bed/bed.mjs: ended after ${timeout} s`)
  process.exitCode = result.timedOut ? 124 : (result.status ?? 128)
}

if (import.meta.url === `file://${process.argv[1]}`) await main()
