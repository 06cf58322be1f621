/**
 * HTTP/1.1 on the wire (RFC 9110, RFC 9112): strict parsers that work in place on Buffers, and writers of
 * heads. No sockets, no clocks, no callbacks; one set of objects serves a connection for its whole life.
 *
 * Reading answers, as a client does (a server does the same with RequestHead):
 *
 *     const head = new ResponseHead(), body = new BodyReader()           once per connection
 *
 *     head.reset()                                                        before each answer
 *     const next = head.parse(buffer, start, end)                         bytes [start, end) are unread
 *     if (next === MORE) …      keep [start, end); append the next read behind it; parse again (the buffer may differ)
 *     if (next < 0) …           describeProblem(next).reason; close the connection
 *     head.status, head.keepAlive, head.contentLength, head.get('content-type')     names in lower case
 *     if (head.status < 200) …  an interim answer: reset and parse the next from `next` on (101 is final: a tunnel)
 *
 *     body.start(head.bodyMode(requestWasHead), head.contentLength)
 *     body.begin(buffer, next, end)                                       then for every further read
 *     for (let event; (event = body.read()) === BodyEvent.data; ) use(buffer, body.dataStart, body.dataEnd)
 *     BodyEvent.more → await the next read;  BodyEvent.end → the next answer begins at body.at;  below 0 → a problem
 *     connection ended: body.finish() tells whether the body was whole
 *
 * Positions are absolute in the buffer handed in and die with it: take strings (`get`, `value`, `target`)
 * before the buffer is used again, or copy the head's bytes and `rebase`.
 * Limits are bounded by `requestLimits` and `responseLimits`; pass others to the constructors.
 *
 * Writing: `buildRequestHead` makes a head to be sent many times; `HeadWriter` appends bytes, text,
 * numbers and runs of another buffer without garbage.
 */
export { BodyEvent, BodyReader, Trailers } from './body.ts';
export { equalsToken, parseDecimal } from './bytes.ts';
export { Fields, MORE, requestLimits, responseLimits, type HeadLimits } from './fields.ts';
export { ConnectionOption, FramedHead } from './framing.ts';
export { FieldId, HOP_BY_HOP, type KnownName } from './names.ts';
export { Problem, describeProblem, problemInfo, type ProblemInfo } from './problems.ts';
export { Method, RequestHead, TargetForm, validAuthority } from './request.ts';
export { BodyMode, ResponseHead } from './response.ts';
export { HeadWriter, buildRequestHead, isFieldValue, isToken, type RequestHeadParts } from './writer.ts';
