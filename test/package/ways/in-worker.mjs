// hvkit in a worker thread.

import {workerData} from 'node:worker_threads'
import * as hvkit from 'hvkit'
import {use} from './use.mjs'

await use(hvkit, workerData)
