// A worker that fills lazy memory from an image: workerData is {missing, image, asked}; `asked` counts the pages.

import {createRequire} from 'node:module'
import {setTimeout as sleep} from 'node:timers/promises'
import {parentPort, workerData} from 'node:worker_threads'

const {servePages} = createRequire(import.meta.url)('../../dist/index.cjs')
const {missing, image, asked} = workerData

try {
  servePages(missing, async (address, length) => {
    Atomics.add(asked, 0, 1)
    await sleep(1)
    const offset = address - missing.address
    const page = image.slice(offset, offset + length)
    return page.some((byte) => byte !== 0) ? page : undefined
  })
  parentPort.postMessage('serves')
} catch (error) {
  parentPort.postMessage(error.code)
}
