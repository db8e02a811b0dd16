// What is not complete and well-formed is refused.

import { describe, expect, it } from 'vitest'
import { utf8 } from '../../../../src/base/bytes.ts'
import {
  childText,
  escapeXml,
  isXmlText,
  parseXml,
  XmlError,
  xmlBytesMax,
  type XmlElement,
} from '../../../../src/store/s3/wire/xml.ts'

const parse = (text: string): XmlElement => parseXml(utf8(text))

const document = `<?xml version="1.0" encoding="UTF-8"?>
<Root xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
  <!-- a comment -->
  <A>one &amp; two &lt;&#x1F389;&#33;&quot;</A><Empty/><Also></Also>
  <List><Item>1</Item><Item> 2 </Item></List>
</Root>
`

describe('parseXml', () => {
  it('reads elements, text, references and empty elements', () => {
    const root = parse(document)
    expect(root.name).toBe('Root')
    expect(root.children.map(({ name, text }) => [name, text])).toEqual([
      ['A', 'one & two <🎉!"'],
      ['Empty', ''],
      ['Also', ''],
      ['List', ''],
    ])
    expect(root.children[3]?.children.map(({ text }) => text)).toEqual(['1', ' 2 '])
    expect(childText(root, 'None')).toBeUndefined()
  })

  it('reads past the spaces a server sends to keep a connection alive', () => {
    expect(parse('  \n <?xml version="1.0"?><R/>').name).toBe('R')
    expect(parse('<?xml version="1.0"?>   \n  <R/>').name).toBe('R')
  })

  it('refuses a document cut anywhere', () => {
    const whole = utf8(document.trimEnd())
    for (let length = 0; length < whole.byteLength; length++) {
      expect(() => parseXml(whole.subarray(0, length)), `cut at ${length}`).toThrow(XmlError)
    }
  })

  const bad: Readonly<Record<string, string>> = {
    nothing: '',
    'plain text': 'Service Unavailable',
    'HTML with an unclosed tag': '<html><body><br><p>no</p></body></html>',
    'a DTD': '<!DOCTYPE r [<!ENTITY a "aaaa">]><r>&a;</r>',
    'an unknown entity': '<r>&a;</r>',
    'a bare ampersand': '<r>a & b</r>',
    'a reference out of range': '<r>&#x110000;</r>',
    'a reference to NUL': '<r>&#0;</r>',
    CDATA: '<r><![CDATA[x]]></r>',
    'a processing instruction': '<r><?php x ?></r>',
    'tags that do not match': '<r><a></b></r>',
    'two roots': '<r/><r/>',
    'text after the root': '<r/>x',
    'text beside elements': '<r>x<a/></r>',
    'a malformed attribute': '<r a=b/>',
    'a tag without a name': '<r>< a></ a></r>',
    'nesting without end': '<a>'.repeat(100) + '</a>'.repeat(100),
  }
  for (const [what, text] of Object.entries(bad)) {
    it(`refuses ${what}`, () => {
      expect(() => parse(text)).toThrow(XmlError)
    })
  }

  it('refuses bytes that are no UTF-8 and documents without measure', () => {
    expect(() => parseXml(Uint8Array.of(0x3c, 0x72, 0x3e, 0xff, 0x3c, 0x2f, 0x72, 0x3e))).toThrow(XmlError)
    expect(() => parseXml(new Uint8Array(xmlBytesMax + 1))).toThrow(XmlError)
  })
})

describe('escapeXml', () => {
  it('gives back what was written, line ends too', () => {
    const text = `a&b<c>"d"'e'\r\n\tü🎉`
    expect(parse(`<r>${escapeXml(text)}</r>`).text).toBe(text)
  })

  it('refuses what XML cannot hold', () => {
    expect(isXmlText('a\u0001')).toBe(false)
    expect(() => escapeXml('a\u0001')).toThrow(XmlError)
  })
})
