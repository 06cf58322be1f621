import assert from 'node:assert/strict';
import { test } from 'node:test';
import { selectJson } from './select.ts';

/** What k6 1.8 answers to `response.json(path)` for the same document. */
const doc = {
  name: { first: 'Tom', last: 'Anderson' },
  age: 37,
  children: ['Sara', 'Alex', 'Jack'],
  'fav.movie': 'Deer Hunter',
  friends: [
    { first: 'Dale', last: 'Murphy', age: 44, nets: ['ig', 'fb', 'tw'] },
    { first: 'Roger', last: 'Craig', age: 68, nets: ['fb', 'tw'] },
    { first: 'Jane', last: 'Murphy', age: 47, nets: ['ig', 'tw'] },
  ],
};

const answers: [path: string, answer: unknown][] = [
  ['name.last', 'Anderson'],
  ['name.', undefined],
  ['name|last', 'Anderson'],
  ['nope', undefined],
  ['', undefined],
  ['children.#', 3],
  ['children.1', 'Alex'],
  ['children.-1', undefined],
  ['child*.2', 'Jack'],
  ['c?ildren.0', 'Sara'],
  ['fav\\.movie', 'Deer Hunter'],
  ['friends.#.first', ['Dale', 'Roger', 'Jane']],
  ['friends.#.first|0', 'Dale'],
  ['friends.#|first', undefined],
  ['friends.#.nets.#', [3, 2, 2]],
  ['friends.#.nets.0', ['ig', 'fb', 'ig']],
  ['friends.#.nets|0', ['ig', 'fb', 'tw']],
  ['friends.#.nope', []],
  ['friends.#(last=="Murphy").first', 'Dale'],
  ['friends.#( last == "Murphy" )#.first', ['Dale', 'Jane']],
  ['friends.#[last=="Murphy"].first', 'Dale'],
  ['friends.#(last=="Murphy")#|0.first', 'Dale'],
  ['friends.#(last=="Murphy")#|#', 2],
  ['friends.#(first%"D*").last', 'Murphy'],
  ['friends.#(first!%"D*").last', 'Craig'],
  ['friends.#(age>45)#.last', ['Craig', 'Murphy']],
  ['friends.#(age<47).first', 'Dale'],
  ['friends.#(age=="44").first', 'Dale'],
  ['friends.#(nets.#(=="fb"))#.first', ['Dale', 'Roger']],
  ['friends.#(nope).first', undefined],
  ['friends.#(last==~true)#', []],
  ['children.#(!%"*a*")#', ['Alex']],
  ['children|@reverse', ['Jack', 'Alex', 'Sara']],
  ['friends.#.nets|@flatten', ['ig', 'fb', 'tw', 'fb', 'tw', 'ig', 'tw']],
  ['name.@keys', ['first', 'last']],
  ['age|@tostr', '37'],
  ['friends|@dig:first', ['Dale', 'Roger', 'Jane']],
  ['[name.first,age]', ['Tom', 37]],
  ['{name.first,"years":age}', { first: 'Tom', years: 37 }],
  ['friends.1.{first,age}', { first: 'Roger', age: 68 }],
  ['[age,!"x"]', [37, 'x']],
  ['..0.age', 37],
];

for (const [path, answer] of answers)
  test(`the path ${path} finds what GJSON finds`, () => {
    assert.deepEqual(selectJson(doc, path), answer);
  });
