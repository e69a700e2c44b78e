// The thread behind a Sandbox.

import {parentPort, workerData} from 'node:worker_threads'
import type {Connection, SentrySettings} from '../protocol/messages.ts'
import {serve} from './serve.ts'
import {ThreadPort} from './thread-port.ts'

const {settings, connection} = workerData as {settings: SentrySettings; connection: Connection}
void serve(new ThreadPort(parentPort!, connection), settings)
