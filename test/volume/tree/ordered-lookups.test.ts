// Names asked for in order, in directories larger than a page.

import { describe, expect, it } from 'vitest'
import { createTreeKit, large, type TreeKit } from './tree-kit.ts'

const pad = (i: number): string => String(i).padStart(5, '0')

async function filled(count: number): Promise<TreeKit> {
  const kit = createTreeKit()
  for (let i = 0; i < count; i++) await kit.put(`d/${pad(i)}`, large)
  await kit.at('/d')
  kit.spent()
  return kit
}

describe('names asked for in order in a directory larger than a page', () => {
  it('cost one LIST per thousand after the first few', async () => {
    const kit = await filled(3500)
    for (let i = 0; i < 3500; i++) expect(await kit.at(`/d/${pad(i)}`), pad(i)).not.toBeNull()
    const { head = 0, list = 0 } = kit.spent()
    expect(head).toBeLessThanOrEqual(14)
    expect(list).toBeLessThanOrEqual(14 + 1 + 4)
  })

  it('cost no more when many are asked for at once', async () => {
    const kit = await filled(3000)
    for (let i = 0; i < 3000; i += 60)
      await Promise.all(Array.from({ length: 60 }, (_, k) => kit.at(`/d/${pad(i + k)}`)))
    const { head = 0, list = 0 } = kit.spent()
    expect(head).toBeLessThanOrEqual(64)
    expect(list).toBeLessThanOrEqual(64 + 5)
  })

  it('are told missing only when they were asked for', async () => {
    const kit = await filled(1500)
    for (let i = 0; i < 100; i++) await kit.at(`/d/${pad(i)}`)
    await kit.put('d/00500x', large)
    expect(await kit.at('/d/00500y')).toBeNull()
    expect(await kit.at('/d/00500x')).not.toBeNull()
  })

  it('show a directory where it hides a file, also across pages', async () => {
    const { put, another } = await filled(3000)
    for (let i = 0; i < 3000; i += 7) await put(`d/${pad(i)}/below`)
    const kit = another()
    for (let i = 0; i < 3000; i++)
      expect((await kit.at(`/d/${pad(i)}`))?.type, pad(i)).toBe(i % 7 === 0 ? 'directory' : 'file')
  })

  it('cost what single names cost when they are asked for the other way round', async () => {
    const kit = await filled(3000)
    for (const i of [2999, 200, 1500]) await kit.at(`/d/${pad(i)}`)
    kit.spent()
    for (let i = 2990; i > 500; i -= 100) await kit.at(`/d/${pad(i)}`)
    const { head = 0, list = 0 } = kit.spent()
    // And one page, which tells that there are more.
    expect([head, list]).toEqual([20, 21])
  })
})
