// Preloaded into hv (node --require): at its end, the most memory that it ever had resident goes to the file HV_TEST_PEAK, in KB.

const {openSync, writeSync} = require('node:fs')

// Now: in its jail, hv opens nothing.
const fd = openSync(process.env.HV_TEST_PEAK, 'w')

process.on('exit', () => writeSync(fd, String(process.resourceUsage().maxRSS)))
