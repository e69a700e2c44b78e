// DeviceTable (native/kvm): an acknowledgement that comes while the input is being raised. No two threads meet there in a test, so its
// SetLine acknowledges, compiled apart.

import {mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, expect, test} from 'vitest'
import {root} from '../../../ci/paths.mjs'
import {run} from '../../../ci/process.mjs'

const SOURCE = `
#include <cstdio>
#include "kvm/device_table.h"

int main() {
  using hv::DeviceTable;
  bool is_high = false;
  uint32_t row = 0;
  void (*acknowledge)(DeviceTable&, uint32_t) = nullptr;
  DeviceTable* devices = nullptr;
  DeviceTable table([&](uint32_t, bool level) {
    if (level && acknowledge != nullptr) acknowledge(*devices, row);
    is_high = level;
  });
  devices = &table;
  row = table.AddStatus(false, 0x1000, 0x1004, 20);

  table.ChangeStatus(row, 1, 0);
  std::printf("%d", is_high);
  table.ChangeStatus(row, 0, 1);
  std::printf("%d", is_high);

  acknowledge = [](DeviceTable& in, uint32_t of) { in.ChangeStatus(of, 0, 1); };
  table.ChangeStatus(row, 1, 0);
  std::printf("%d", is_high);
}
`

const folder = mkdtempSync(join(tmpdir(), 'hv-interrupt-'))
afterAll(() => rmSync(folder, {recursive: true}))

test('an input is low after an acknowledgement that overtook its raising', async () => {
  const [source, program] = ['main.cc', 'main'].map((name) => join(folder, name))
  writeFileSync(source, SOURCE)
  const native = join(root, 'native')
  const files = [source, join(native, 'kvm/device_table.cc')]
  const built = await run('c++', ['-std=c++20', `-I${native}`, ...files, '-o', program])
  expect(built).toMatchObject({status: 0})
  expect((await run(program, [])).output).toBe('100')
})
