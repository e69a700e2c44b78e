// Which nodes a full cache releases.

import {expect, test} from 'vitest'
import {type CachedNode, NodeCache} from '../../../../src/vfs/fs/node-cache.ts'

class Node implements CachedNode {
  wasUsed = false
  inUse = false
  evicted = 0

  isInUse(): boolean {
    return this.inUse
  }

  evict(): void {
    this.evicted++
  }
}

function filled(count: number): {cache: NodeCache<Node>; nodes: Node[]} {
  const cache = new NodeCache<Node>(count)
  const nodes = Array.from({length: count}, () => new Node())
  for (const node of nodes) cache.remember(node)
  return {cache, nodes}
}

test('the oldest that was not asked for again goes', () => {
  const {cache, nodes} = filled(3)
  cache.remember(nodes[0])
  cache.remember(new Node())
  expect(nodes.map(({evicted}) => evicted)).toEqual([0, 1, 0])
  cache.remember(new Node())
  expect(nodes.map(({evicted}) => evicted)).toEqual([0, 1, 1])
  // The first new one goes between them.
  for (let i = 0; i < 2; i++) cache.remember(new Node())
  expect(nodes.map(({evicted}) => evicted)).toEqual([1, 1, 1])
})

test('what is in use stays, and what was used goes in the end', () => {
  const {cache, nodes} = filled(20)
  nodes[0].inUse = true
  for (let i = 0; i < 100; i++) {
    for (const node of nodes) if (node.evicted === 0 && i < 10) cache.remember(node)
    cache.remember(new Node())
  }
  expect(nodes[0].evicted).toBe(0)
  expect(nodes.slice(1).every(({evicted}) => evicted === 1)).toBe(true)
})

test('who is forgotten is not let go of', () => {
  const {cache, nodes} = filled(2)
  cache.forget(nodes[0])
  for (let i = 0; i < 3; i++) cache.remember(new Node())
  expect(nodes.map(({evicted}) => evicted)).toEqual([0, 1])
})
