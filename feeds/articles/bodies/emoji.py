"""Short names of emoji, such as `:tada:` -> the character: those that articles use most. No I/O."""

import re

NAME = re.compile(r"(?<![\w:]):([a-z0-9_+-]{1,40}):(?![\w:])")
_TABLE = """
+1=👍 thumbsup=👍 -1=👎 thumbsdown=👎 100=💯 1st_place_medal=🥇 alien=👽
apple=🍎 art=🎨 balloon=🎈 bangbang=‼️ bell=🔔 beer=🍺 beers=🍻 birthday=🎂
blue_heart=💙 blush=😊 bomb=💣 book=📖 books=📚 boom=💥 brain=🧠
broken_heart=💔 bug=🐛 building_construction=🏗️ bulb=💡 cake=🍰 calendar=📆
camera=📷 cat=🐱 chart_with_upwards_trend=📈 checkered_flag=🏁 clap=👏
clipboard=📋 clock=🕐 cloud=☁️ coffee=☕ computer=💻 confetti_ball=🎊
construction=🚧 cry=😢 crab=🦀 dart=🎯 dog=🐶 earth_africa=🌍
earth_americas=🌎 exclamation=❗ eyes=👀 fire=🔥 floppy_disk=💾 flushed=😳
gem=💎 ghost=👻 gift=🎁 globe_with_meridians=🌐 grin=😁 grinning=😀
green_heart=💚 hammer=🔨 hammer_and_wrench=🛠️ handshake=🤝 heart=❤️
heart_eyes=😍 heavy_check_mark=✔️ house=🏠 hugs=🤗 hourglass=⌛
inbox_tray=📥 information_source=ℹ️ innocent=😇 joy=😂 key=🔑 laughing=😆
link=🔗 lock=🔒 loudspeaker=📢 mag=🔍 mailbox=📫 mega=📣 memo=📝 microscope=🔬
money_with_wings=💸 moon=🌔 muscle=💪 mute=🔇 new=🆕 newspaper=📰 no_entry=⛔
no_entry_sign=🚫 notebook=📓 ok=🆗 ok_hand=👌 package=📦 page_facing_up=📄
paperclip=📎 partying_face=🥳 penguin=🐧 phone=☎️ point_down=👇
point_left=👈 point_right=👉 point_up=☝️ poop=💩 pray=🙏 pushpin=📌
question=❓ rainbow=🌈 raised_hands=🙌 recycle=♻️ red_circle=🔴 relaxed=☺️
robot=🤖 rocket=🚀 rotating_light=🚨 scissors=✂️ scream=😱 seedling=🌱
shield=🛡️ ship=🚢 shipit=🐿️ skull=💀 sleeping=😴 smile=😄 smiley=😃 smirk=😏
snail=🐌 snake=🐍 sob=😭 sparkles=✨ sparkling_heart=💖 speech_balloon=💬
star=⭐ star2=🌟 stars=🌠 stuck_out_tongue=😛 sunglasses=😎 sunny=☀️
sweat_smile=😅 tada=🎉 thinking=🤔 toolbox=🧰 triangular_flag_on_post=🚩
trophy=🏆 truck=🚚 tv=📺 umbrella=☔ unicorn=🦄 unlock=🔓 v=✌️ video_game=🎮
warning=⚠️ wave=👋 white_check_mark=✅ wink=😉 wrench=🔧 x=❌
yellow_heart=💛 yum=😋 zap=⚡ zzz=💤
"""
_CHARACTERS = dict(re.findall(r"(\S+)=(\S+)", _TABLE))


def replaced(text: str) -> str:
    """Return text with its emoji; names that are not known stay."""
    return NAME.sub(lambda match: _CHARACTERS.get(match[1], match[0]), text)
