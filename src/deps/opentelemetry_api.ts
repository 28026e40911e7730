/** What the tracing library and the code that is traced agree on. */
export {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
} from "npm:@opentelemetry/api@1.10.0";
