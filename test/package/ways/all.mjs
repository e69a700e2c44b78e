// Loads hvkit in every way that there is, in one process of one runtime, and uses each; prints a line for each way.

import {createRequire} from 'node:module'
import {Worker} from 'node:worker_threads'
import {use} from './use.mjs'

const platforms = process.argv.slice(2)
const require = createRequire(import.meta.url)
const isBun = process.versions.bun !== undefined

const ways = {
  import: async () => use(await import('hvkit'), platforms),
  require: async () => use(require('hvkit'), platforms),
  'a bundle of ES modules': async () => (await import('./bundled.mjs')).main(platforms),
  'a bundle of CommonJS': async () => require('./bundled.cjs').main(platforms),
  'a worker': () => inWorker(),
  'two versions at once': () => twoVersions('process'),
}
if (!isBun) {
  ways['a thread'] = async () => use(await import('hvkit'), platforms, 'thread')
  ways['threads of two versions at once'] = () => twoVersions('thread')
}

/** Of another version, from another folder, with an addon of its own. */
async function twoVersions(isolation) {
  const both = [await import('hvkit'), await import('hvkit-other')]
  if (both[0].Sandbox === both[1].Sandbox) throw new Error('they are the same')
  await Promise.all(both.map((hvkit) => use(hvkit, platforms, isolation)))
}

function inWorker() {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('in-worker.mjs', import.meta.url), {workerData: platforms})
    worker.on('error', reject)
    worker.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`ended with ${code}`))))
  })
}

for (const [name, way] of Object.entries(ways)) {
  try {
    await way()
    console.log(`${name}: ok`)
  } catch (error) {
    console.log(`${name}: ${error?.stack ?? error}`)
  }
}
