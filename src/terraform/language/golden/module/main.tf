variable "object" {
  type = object({
    name  = string
    size  = optional(number, 3)
    flag  = optional(bool, "true")
    inner = optional(object({ a = optional(string, "x"), b = optional(list(string), ["q"]) }), {})
  })
  default = { name = 5, extra = 1 }
}
variable "list" {
  type    = list(object({ a = optional(string, "d"), n = number }))
  default = [{ n = "1" }, { a = "z", n = 2 }]
}
variable "map" {
  type    = map(any)
  default = { a = 1, b = "x" }
}
variable "set" {
  type    = set(number)
  default = [3, "1", 2, 2]
}
variable "tuple" {
  type    = tuple([string, number])
  default = [1, "2"]
}
variable "anyv" {
  type    = any
  default = [1, "x", { a = true }]
}
variable "nested" {
  type    = map(object({ ports = list(number), tags = optional(map(string), { k = "v" }) }))
  default = { web = { ports = ["80", 443] } }
}
locals {
  plain = <<EOT
hello
  world ${1 + 1}
EOT
  flush = <<-EOT
      hello
        world ${upper("x")}

      end
    EOT
  flush2 = <<-EOT
    ${"a"}
      b
  EOT
  flush3 = <<-EOT
      a
    %{ for x in ["1", "2"] }
      item ${x}
    %{ endfor }
      b
  EOT
  strip = <<-EOT
    start
    %{~ for x in ["1", "2"] ~}
    item ${x}
    %{~ endfor ~}
    end
  EOT
  strip2 = <<EOT
%{ for x in ["1", "2"] ~}
server ${x}
%{ endfor ~}
done
EOT
  cond = <<EOT
%{ if true }yes
%{ else }no
%{ endif }tail
EOT
  escapes = <<EOT
$${not} %%{not} \n "quoted" $$ % $
EOT
  empty = <<EOT
EOT
  single = <<EOT
${[1, 2][0]}
EOT
  call = upper(<<-EOT
    abc
  EOT
  )
  object = {
    a = 1, b = 2
    "c d" : 3
    (upper("e")) = [
      1,
      2, // two
    ]
    # comment
    f = { for i, x in ["a", "b"] : x => i if i > 0 }
    /* block
       comment */
    g = true ? 1 : 2
  }
  list = [
    1,
    2
  ]
  multi = (
    1 +
    2
  )
  cond_multi = (
    true
    ? "a"
    : "b"
  )
  grouped = { for s in ["apple", "avocado", "banana"] : substr(s, 0, 1) => s... }
  splat   = [{ a = { b = [1, 2] } }, { a = { b = [3] } }][*].a.b[0]
  asplat  = [{ a = { b = 1 } }, { a = { b = 2 } }].*.a.b
  asplat_index = [{ a = { b = 1 } }, { a = { b = 2 } }].*.a[1]
  nested_for = [for x in [1, 2] : [for y in [3, 4] : x * y]]
  flat    = flatten([for k, v in { a = [1, 2], b = [3] } : [for x in v : "${k}-${x}"]])
  quoted_dir = "%{ for k, v in { a = 1, b = 2 } }${k}=${v};%{ endfor }"
  quoted_nest = "a${"b${"c"}"}"
  unicode = "\u00e9\U0001F600"
  tabs = <<-EOT
	tab
		tab2
	EOT
  crlfish = "a\r\nb"
  json = jsonencode({ list = [for x in ["a"] : { name = x, ok = true, n = null }] })
}
