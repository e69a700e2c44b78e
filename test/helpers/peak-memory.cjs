// Preloaded into hv (node --require): at its end, the most memory that it ever had resident goes to the file HV_TEST_PEAK, in KB.

const {readFileSync, writeFileSync} = require('node:fs')

process.on('exit', () => {
  const [, peak] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))
  writeFileSync(process.env.HV_TEST_PEAK, peak)
})
