// shareLine: lets several devices drive one level-triggered line, which is up while any of them wants it up.

import {type InterruptLine, lineDrivenBy} from '../../vm/irqchip.ts'

/** @returns makes an input of `line` for each device. An input's level changes only when it is set to another one */
export function shareLine(line: InterruptLine): () => InterruptLine {
  let raised = 0
  return () => {
    let isUp = false
    return lineDrivenBy((wanted) => {
      if (wanted === isUp) return
      isUp = wanted
      raised += wanted ? 1 : -1
      if (wanted && raised === 1) line.raise()
      if (!wanted && raised === 0) line.lower()
    })
  }
}
