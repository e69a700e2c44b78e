// Listens to an eventfd over the addon alone, and hears of it: a worker of plain Node, or a process that ends as its argument says.

import {createRequire} from 'node:module'
import {fileURLToPath} from 'node:url'
import {parentPort} from 'node:worker_threads'

const native = fileURLToPath(new URL('../../native', import.meta.url))
const addon = createRequire(import.meta.url)('node-gyp-build')(native)
const [how] = process.argv.slice(2)
const say = (text) => (parentPort ? parentPort.postMessage(text) : console.log(text))

const eventfd = new addon.Eventfd(-1)
eventfd.listen((count) => {
  say(`heard ${count}`)
  if (how === 'throw') throw new Error('a listener’s')
  if (how === 'exit') process.exit(0)
  if (how === 'dispose') eventfd.dispose()
  if (parentPort) eventfd.signal()
})
process.once('uncaughtException', (error) => say(`uncaught: ${error.message}`))
eventfd.signal()
eventfd.signal()
// It keeps no process alive: this does, until it has been heard.
if (how !== 'idle') setTimeout(() => {}, 100)
if (parentPort) setInterval(() => {}, 1000)
