extension WordLists {
    static let japanese = Locale(
        lists: [
            .givenNames: """
            葵/aoi,明/akira,愛/ai,彩/aya,綾乃/ayano,一郎/ichiro,恵美/emi,英二/eiji,修/osamu,香織/kaori,和也/kazuya,和子/kazuko,薫/kaoru,一樹/kazuki
            海斗/kaito,花/hana,京子/kyoko,清/kiyoshi,健/ken,健一/kenichi,健太/kenta,恵子/keiko,圭介/keisuke,浩二/koji,航/wataru,琴音/kotone,さくら/sakura
            聡/satoshi,早紀/saki,幸子/sachiko,翔太/shota,翔/sho,静香/shizuka,純/jun,順子/junko,真一/shinichi,進/susumu,誠/makoto,大輔/daisuke,大輝/daiki
            隆/takashi,拓也/takuya,拓海/takumi,千尋/chihiro,千夏/chinatsu,智子/tomoko,翼/tsubasa,哲也/tetsuya,徹/toru,直樹/naoki,直美/naomi,夏美/natsumi
            七海/nanami,奈々/nana,望/nozomi,典子/noriko,春香/haruka,陽菜/hina,陽翔/haruto,光/hikaru,久美子/kumiko,秀樹/hideki,弘/hiroshi,裕子/yuko,浩/hiroshi
            博之/hiroyuki,文子/fumiko,蛍/hotaru,舞/mai,誠司/seiji,真理/mari,雅人/masato,学/manabu,美咲/misaki,美穂/miho,湊/minato,実/minoru,美和/miwa,恵/megumi
            桃子/momoko,泰/yasushi,康弘/yasuhiro,優/yu,優花/yuka,優斗/yuto,結衣/yui,雪/yuki,由美子/yumiko,洋子/yoko,陽子/yoko,義雄/yoshio,芳子/yoshiko
            凛/rin,蓮/ren,涼/ryo,亮太/ryota,瑠璃/ruri,玲子/reiko,若菜/wakana
            """,
            .familyNames: """
            佐藤/sato,鈴木/suzuki,高橋/takahashi,田中/tanaka,伊藤/ito,渡辺/watanabe,山本/yamamoto,中村/nakamura,小林/kobayashi,加藤/kato,吉田/yoshida
            山田/yamada,佐々木/sasaki,山口/yamaguchi,松本/matsumoto,井上/inoue,木村/kimura,林/hayashi,斎藤/saito,清水/shimizu,山崎/yamazaki,森/mori
            池田/ikeda,橋本/hashimoto,阿部/abe,石川/ishikawa,山下/yamashita,中島/nakajima,石井/ishii,小川/ogawa,前田/maeda,岡田/okada,長谷川/hasegawa
            藤田/fujita,後藤/goto,近藤/kondo,村上/murakami,遠藤/endo,青木/aoki,坂本/sakamoto,福田/fukuda,太田/ota,西村/nishimura,藤井/fujii,金子/kaneko
            岡本/okamoto,藤原/fujiwara,中野/nakano,三浦/miura,原田/harada,中川/nakagawa,松田/matsuda,竹内/takeuchi,小野/ono,田村/tamura,中山/nakayama
            和田/wada,石田/ishida,森田/morita,上田/ueda,原/hara,内田/uchida,柴田/shibata,酒井/sakai,宮崎/miyazaki,横山/yokoyama,高木/takagi,安藤/ando
            宮本/miyamoto,大野/ono,小島/kojima,谷口/taniguchi,工藤/kudo,今井/imai,高田/takada,丸山/maruyama,増田/masuda,杉山/sugiyama,村田/murata,大塚/otsuka
            新井/arai,小山/koyama,平野/hirano,藤本/fujimoto,河野/kono,上野/ueno,野口/noguchi,武田/takeda,松井/matsui,千葉/chiba,菅原/sugawara,岩崎/iwasaki
            久保/kubo,木下/kinoshita,佐野/sano,野村/nomura,松尾/matsuo,市川/ichikawa,菊地/kikuchi,杉本/sugimoto,古川/furukawa,大西/onishi,島田/shimada
            水野/mizuno,桜井/sakurai,高野/takano,渡部/watabe,吉川/yoshikawa,山内/yamauchi,西田/nishida,飯田/iida,菊池/kikuchi,西川/nishikawa,小松/komatsu
            北村/kitamura,安田/yasuda,五十嵐/igarashi,川口/kawaguchi,平田/hirata,関/seki,中田/nakata,久保田/kubota,服部/hattori,東/higashi,岩田/iwata
            土屋/tsuchiya,川崎/kawasaki,福島/fukushima,本田/honda,辻/tsuji,樋口/higuchi,秋山/akiyama,永井/nagai,中西/nakanishi,山中/yamanaka
            """,
            .cities: """
            札幌市/sapporo,函館市/hakodate,青森市/aomori,盛岡市/morioka,仙台市/sendai,秋田市/akita,山形市/yamagata,水戸市/mito,宇都宮市/utsunomiya,前橋市/maebashi
            千葉市/chiba,横浜市/yokohama,川崎市/kawasaki,鎌倉市/kamakura,新潟市/niigata,富山市/toyama,金沢市/kanazawa,福井市/fukui,甲府市/kofu,長野市/nagano
            松本市/matsumoto,岐阜市/gifu,静岡市/shizuoka,浜松市/hamamatsu,名古屋市/nagoya,豊田市/toyota,津市/tsu,大津市/otsu,京都市/kyoto,大阪市/osaka
            堺市/sakai,神戸市/kobe,姫路市/himeji,奈良市/nara,和歌山市/wakayama,鳥取市/tottori,松江市/matsue,岡山市/okayama,広島市/hiroshima,山口市/yamaguchi
            徳島市/tokushima,高松市/takamatsu,松山市/matsuyama,高知市/kochi,福岡市/fukuoka,佐賀市/saga,長崎市/nagasaki,熊本市/kumamoto,大分市/oita,宮崎市/miyazaki
            鹿児島市/kagoshima,那覇市/naha
            """,
            .streets: """
            本町/honcho,栄町/sakaecho,旭町/asahicho,緑町/midoricho,東町/higashicho,西町/nishicho,南町/minamicho,北町/kitacho,中央/chuo,幸町/saiwaicho
            末広町/suehirocho,泉町/izumicho,若葉町/wakabacho,桜町/sakuracho,松原/matsubara,川原町/kawaramachi,大手町/otemachi,元町/motomachi,浜町/hamacho
            田町/tamachi,新町/shinmachi,上町/uemachi,下町/shitamachi,梅田/umeda,竹園/takezono,花園/hanazono,青葉台/aobadai,光が丘/hikarigaoka,港町/minatocho
            """,
            .words: """
            空,海,山,川,森,林,花,草,木,風,雨,雪,雲,星,月,太陽,朝,昼,夕方,夜,春,夏,秋,冬,道,橋,町,村,家,窓,庭,畑,種,麦,米,水,火,土,石,砂
            光,影,音,声,歌,本,紙,手紙,言葉,絵,色,形,数,時間,季節,今日,明日,昨日,新しい,古い,大きい,小さい,長い,短い,高い,低い,明るい,静かな
            速い,遅い,近い,遠い,美しい,楽しい,優しい,強い,温かい,涼しい,歩く,走る,見る,聞く,話す,読む,書く,作る,使う,待つ,会う,帰る,始まる,終わる
            続く,育つ,運ぶ,選ぶ,学ぶ,考える
            """,
            .jobs: """
            医師,看護師,薬剤師,歯科医師,獣医師,教師,講師,司書,記者,編集者,翻訳者,通訳,写真家,画家,設計士,建築家,大工,電気工事士,整備士,技術者
            研究員,会計士,事務員,販売員,営業,店長,料理人,パン職人,庭師,農家,漁師,運転士,操縦士,消防士,測量士,プログラマー,デザイナー
            """,
            .products: """
            茶碗/chawan,湯呑み/yunomi,急須/kyusu,箸/hashi,皿/sara,鍋/nabe,やかん/yakan,手帳/techo,鉛筆/enpitsu,万年筆/mannenhitsu,封筒/futo,傘/kasa,鞄/kaban
            財布/saifu,帽子/boshi,手袋/tebukuro,靴下/kutsushita,毛布/mofu,座布団/zabuton,枕/makura,時計/tokei,鏡/kagami,机/tsukue,椅子/isu,本棚/hondana
            電気スタンド/sutando,花瓶/kabin,植木鉢/uekibachi,じょうろ/joro,工具箱/kogubako,自転車/jitensha,水筒/suito,弁当箱/bentobako,風呂敷/furoshiki,手ぬぐい/tenugui
            """,
            .companies: """
            青空商店/aozora,朝日堂/asahido,北山製作所/kitayama,桜井屋/sakuraiya,白波水産/shiranami,大地工房/daichi,月見堂/tsukimido,花園印刷/hanazono,日向農園/hinata
            緑川建設/midorikawa,港運輸/minato,若葉食品/wakaba,竹林舎/chikurinsha,松風堂/shofudo,星野電機/hoshino
            """,
        ],
        country: "JP",
        timeZone: "Asia/Tokyo",
        isFamilyFirst: true,
        separator: "",
        // No exchange in Tokyo begins with a zero.
        phone: "+81 3-0###-####",
        postcode: "###-####"
    )
}
