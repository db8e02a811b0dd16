// Every number of docs/SEMANTICS.md has a test here, and every test a number there.

import { readFileSync, readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

const here = new URL('./', import.meta.url)
const number = '(?:P\\d+\\.\\d+|D\\d+)'

function promised(text: string): readonly string[] {
  return Array.from(text.matchAll(new RegExp(`^- \\*\\*(${number})\\*\\* `, 'gm')), ([, found]) => found as string)
}

/** Numbers at the beginning of titles; a title in a table of cases counts through its `$promise`. */
function tested(text: string): readonly string[] {
  const titles = Array.from(text.matchAll(new RegExp(`['"\`]((?:${number} )+)`, 'g')), ([, found]) => found as string)
  const cases = Array.from(text.matchAll(new RegExp(`promise: '(${number})'`, 'g')), ([, found]) => found as string)
  return [...titles.flatMap((found) => found.trim().split(' ')), ...cases]
}

/** Titles of `it` that begin with no number. */
function unnumbered(text: string): readonly string[] {
  const titles = Array.from(
    text.matchAll(/^\s*it(?:\.each\([^\n]*\))?\(\s*(['"`])(.*?)\1/gm),
    ([, , title]) => title as string,
  )
  return titles.filter((title) => !new RegExp(`^(${number}|\\$promise)\\b`).test(title))
}

function problems(doc: string, tests: readonly string[]): readonly string[] {
  const inDoc = promised(doc)
  const inTests = new Set(tests.flatMap(tested))
  return [
    ...inDoc.filter((found, index) => inDoc.indexOf(found) !== index).map((found) => `${found}: twice in the document`),
    ...inDoc.filter((found) => !inTests.has(found)).map((found) => `${found}: has no test`),
    ...[...inTests].filter((found) => !inDoc.includes(found)).map((found) => `${found}: is in no document`),
    ...tests.flatMap(unnumbered).map((title) => `“${title}”: has no number`),
  ]
}

describe('numbers', () => {
  it('of the document and of the tests are the same', () => {
    const doc = readFileSync(new URL('../../docs/SEMANTICS.md', here), 'utf8')
    const tests = readdirSync(here)
      .filter((name) => name.endsWith('.test.ts') && name !== 'numbers.test.ts')
      .map((name) => readFileSync(new URL(name, here), 'utf8'))
    expect(promised(doc).length).toBeGreaterThan(100)
    expect(problems(doc, tests)).toEqual([])
  })

  it('that are missing on either side are found', () => {
    const doc = '- **P1.1** One.\n- **P1.2** Two.\n- **P1.2** Again.\n'
    const test = ["  it('P1.1 P1.3 shows it', () => {})", "it('has none', () => {})", "it.each(x)('D4 some', f)"].join(
      '\n',
    )
    expect(problems(doc, [test])).toEqual([
      'P1.2: twice in the document',
      'P1.2: has no test',
      'P1.2: has no test',
      'P1.3: is in no document',
      'D4: is in no document',
      '“has none”: has no number',
    ])
  })
})
