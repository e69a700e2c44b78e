// Runs one command in the SVM bed: `node ci/bed/bed.mjs [--cpus N] -- COMMAND [ARG...]`, in /hv, the repository.
//
// Its output and status are the command's. Without a command it tells what the bed offers.

import {parseArgs} from 'node:util'
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

async function main() {
  const {values, positionals} = parseArgs({
    options: {cpus: {type: 'string', default: '2'}, timeout: {type: 'string', default: '600'}},
    allowPositionals: true,
  })
  const argv = positionals.length > 0 ? positionals : ['sh', '-c', ABOUT]
  const timeoutMs = Number(values.timeout) * 1000
  const [result] = await runInBed([{argv, timeoutMs}], {cpus: Number(values.cpus)})
  process.stdout.write(result.stdout)
  process.stderr.write(result.stderr)
  if (result.timedOut) console.error(`ci/bed/bed.mjs: ended after ${values.timeout} s`)
  process.exitCode = result.timedOut ? 124 : (result.status ?? 128)
}

if (import.meta.url === `file://${process.argv[1]}`) await main()
