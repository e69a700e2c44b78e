// owner.mjs PLATFORM RULES FOLDER SCRIPT PORT: a sandbox's owner: runs a shell script with the folder as /g, feeds it this process's standard input.

import {Sandbox} from '../../../dist/index.js'

const [platform, rules, host, script, published] = process.argv.slice(2)
const volumes = [{host, guest: '/g'}]
try {
  const sandbox = await Sandbox.create({
    platform,
    volumes,
    net: {allow: rules.split(','), publish: [published]},
  })
  const child = sandbox.spawn('/bin/busybox', ['sh', '-c', script])
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('error', () => {})
    stream.pipe(process.stdout, {end: false})
  }
  child.stdin.on('error', () => {})
  process.stdin.pipe(child.stdin)
  await child.wait()
  await sandbox.dispose()
} catch ({code}) {
  // Nothing else may be told of a process that was killed.
  if (code !== 'SANDBOX_DIED' && code !== 'SANDBOX_FAILED') throw new Error(`${code}`)
}
process.exit()
