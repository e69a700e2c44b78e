// Where node-gyp finds Node's headers without a download.

import {existsSync} from 'node:fs'
import {dirname} from 'node:path'

/** For this process and its children. Node-API's headers are the same for every version and architecture: those beside this node will do. */
export function useOwnHeaders() {
  const folder = dirname(dirname(process.execPath))
  if (existsSync(`${folder}/include/node/node_api.h`)) process.env.npm_config_nodedir ??= folder
}
