"""How the page looks: three kinds of chat windows, in their vendors' colours."""

#: The colours that Feishu names, as (text or background, light background).
_FEISHU = {
    "blue": ("#245bdb", "#e1eaff"),
    "wathet": ("#049fd7", "#d9f3fd"),
    "turquoise": ("#04b49c", "#d5f6f2"),
    "green": ("#2ea121", "#d9f5d6"),
    "lime": ("#8fac02", "#eef6c6"),
    "yellow": ("#dc9b04", "#faf1d1"),
    "orange": ("#de7802", "#feead2"),
    "red": ("#d83931", "#fde2e2"),
    "carmine": ("#d136d1", "#fdddf5"),
    "violet": ("#d136d1", "#f8e0f8"),
    "purple": ("#6425d0", "#ece2fe"),
    "indigo": ("#4752e6", "#e0e2fa"),
    "grey": ("#646a73", "#eff0f1"),
    "neutral": ("#646a73", "#eff0f1"),
}
_COLOURS = "".join(
    f".head-{name} {{ background: {light}; color: {dark}; }} .ink-{name} {{ color: {dark}; }} "
    f".tag-{name} {{ background: {light}; color: {dark}; }}\n"
    for name, (dark, light) in _FEISHU.items()
)
STYLE = f"""
:root {{ color-scheme: light; --accent: #1677ff; --line: #e5e8ed; --grey: #8a919f; }}
.dingtalk {{ --accent: #1677ff; }} .feishu {{ --accent: #3370ff; }} .wecom {{ --accent: #2c68b4; }}
* {{ box-sizing: border-box; }}
body {{ margin: 0; padding: 24px; background: #dfe4ec; color: #171a1d;
  font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }}
header {{ margin: 0 0 16px; color: #4e5969; }}
header h1 {{ margin: 0; font-size: 20px; color: #171a1d; }}
main {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(420px, 100%), 1fr)); gap: 20px; }}
.window {{ display: flex; flex-direction: column; height: min(760px, calc(100vh - 110px)); background: #f5f6f8;
  border: 1px solid #cfd6e0; border-radius: 12px; overflow: hidden; box-shadow: 0 6px 20px rgb(23 26 29 / 8%); }}
.window.feishu {{ background: #fff; }} .window.wecom {{ background: #ebebeb; }}
.window > h2 {{ margin: 0; padding: 10px 16px; font-size: 15px; background: #fff;
  border-bottom: 1px solid var(--line); }}
.window > h2 small {{ font-weight: normal; color: var(--grey); }}
.vendor {{ margin-right: 4px; padding: 1px 8px; border-radius: 10px; background: var(--accent); color: #fff;
  font-size: 12px; font-weight: normal; }}
.chat {{ flex: 1; overflow-y: auto; display: flex; flex-direction: column-reverse; padding: 12px 16px; }}
.message {{ display: grid; grid-template-columns: 36px minmax(0, 1fr); column-gap: 10px; margin: 8px 0; }}
.face {{ grid-row: 1 / span 2; width: 36px; height: 36px; border-radius: 8px; background: var(--accent); color: #fff;
  text-align: center; line-height: 36px; }}
.feishu .face {{ border-radius: 50%; }} .wecom .face {{ border-radius: 4px; }}
.who {{ grid-column: 2; font-size: 12px; color: var(--grey); }}
.bubble {{ grid-column: 2; width: fit-content; max-width: 100%; padding: 10px 14px; background: #fff;
  border-radius: 8px; overflow-wrap: anywhere; }}
.feishu .bubble {{ background: #f2f3f5; }} .wecom .bubble {{ border-radius: 4px; }}
.bubble:has(> .card) {{ padding: 0; width: 100%; background: none; }}
.bubble > :first-child, .md > :first-child {{ margin-top: 0; }}
.bubble > :last-child:not(.actions), .md > :last-child {{ margin-bottom: 0; }}
.bubble h1, .bubble h2, .bubble h3, .bubble h4, .bubble h5, .bubble h6 {{ margin: 0 0 6px; line-height: 1.4; }}
.bubble h1 {{ font-size: 20px; }} .bubble h2 {{ font-size: 18px; }} .bubble h3 {{ font-size: 17px; }}
.bubble h4 {{ font-size: 16px; }} .bubble h5, .bubble h6 {{ font-size: 15px; }}
.bubble p, .bubble ul, .bubble ol {{ margin: 6px 0; }} .bubble ul, .bubble ol {{ padding-left: 22px; }}
.bubble blockquote {{ margin: 6px 0; padding-left: 10px; border-left: 3px solid #c9cdd4; color: #5c6470; }}
.bubble blockquote > p {{ margin: 0; }}
.bubble hr {{ margin: 10px 0; border: 0; border-top: 1px solid var(--line); }}
.bubble code, .bubble pre {{ background: #eff0f1; border-radius: 4px; font: 13px/1.5 ui-monospace, monospace; }}
.bubble code {{ padding: 1px 4px; }} .bubble pre {{ margin: 6px 0; padding: 8px; overflow-x: auto; }}
.bubble table {{ margin: 6px 0; border-collapse: collapse; font-size: 14px; }}
.bubble th, .bubble td {{ padding: 3px 10px; border: 1px solid #d0d5dd; text-align: left; }}
.bubble th {{ background: #f2f3f5; }}
.bubble .plain {{ white-space: pre-wrap; }}
a {{ color: var(--accent); text-decoration: none; }}
.mention {{ padding: 0 4px; border-radius: 4px; background: #fff3bf; color: #ad6800; font-weight: 500; }}
.actions {{ margin: 10px -14px -10px; border-top: 1px solid var(--line); display: flex; flex-direction: column; }}
.actions.beside {{ flex-direction: row; }}
.actions > * {{ flex: 1; padding: 8px; text-align: center; }}
.actions > * + * {{ border-top: 1px solid var(--line); }}
.actions.beside > * + * {{ border-top: 0; border-left: 1px solid var(--line); }}
.card {{ width: 100%; border: 1px solid #dee0e3; border-radius: 8px; overflow: hidden; background: #fff; }}
.card-header {{ padding: 10px 14px; }}
.card-header small {{ display: block; }}
.head-default {{ background: #fff; }}
.card-body {{ display: flex; flex-direction: column; gap: 8px; padding: 12px 14px; }}
.card-body > hr {{ width: 100%; margin: 2px 0; }}
.field {{ display: inline-block; vertical-align: top; min-width: 45%; margin-right: 4%; }}
.row {{ display: flex; flex-wrap: wrap; gap: 8px; }} .row > div {{ flex: 1 1 auto; }}
.note {{ font-size: 12px; color: var(--grey); }} .note p {{ margin: 0; }}
.tag {{ margin-left: 6px; padding: 1px 6px; border-radius: 4px; font-size: 12px; }}
.button {{ align-self: flex-start; display: inline-block; padding: 3px 14px; border: 1px solid #d0d3d6;
  border-radius: 6px; font-size: 14px; color: #1f2329; }}
.button a {{ color: inherit; }}
.button.primary {{ border-color: var(--accent); color: var(--accent); }}
.button.danger {{ border-color: #d83931; color: #d83931; }}
.pair span {{ display: inline-block; min-width: 6em; color: var(--grey); }}
.big {{ font-size: 24px; }} .big small {{ margin-left: 8px; font-size: 13px; color: var(--grey); }}
.ink-info {{ color: #06ae56; }} .ink-comment {{ color: #8c8c8c; }} .ink-warning {{ color: #f78a23; }}
.preview {{ font-size: 12px; color: var(--grey); }} .refused {{ color: #d4380d; }}
footer {{ padding: 6px 16px; font-size: 12px; color: var(--grey); background: #fff; border-top: 1px solid var(--line);
  white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }}
.empty {{ margin: auto; color: var(--grey); }}
{_COLOURS}"""
