extension WordLists {
    static let english = Locale(
        lists: [
            .givenNames: """
            Ada,Adam,Agnes,Aidan,Alan,Albert,Alice,Amber,Amy,Andrew,Angela,Anna,Anthony,Arthur,Audrey,Beatrice,Benjamin,Beth
            Blake,Brandon,Bridget,Bruce,Caleb,Cameron,Carl,Carmen,Caroline,Cecilia,Charles,Charlotte,Chloe,Christian,Claire
            Clara,Colin,Connor,Cora,Daisy,Daniel,Daphne,David,Dean,Deborah,Dennis,Diana,Dorothy,Duncan,Dylan,Edgar,Edith
            Edward,Eleanor,Eli,Elizabeth,Ella,Ellen,Elliot,Elsie,Emily,Emma,Eric,Ethan,Eva,Evan,Evelyn,Faith,Felix,Fiona
            Florence,Frances,Francis,Frank,Freya,Gavin,George,Georgia,Gerald,Gloria,Grace,Graham,Gregory,Hannah,Harold,Harriet
            Harry,Hazel,Heather,Helen,Henry,Holly,Howard,Hugh,Ian,Ingrid,Iris,Isaac,Isabel,Ivan,Ivy,Jack,Jacob,James,Jane
            Jasmine,Jason,Jean,Jeremy,Joan,Joel,John,Jonathan,Joseph,Josephine,Joy,Judith,Julia,Julian,June,Karen,Katherine
            Keith,Kenneth,Kevin,Kirsten,Laura,Lauren,Lawrence,Leo,Leonard,Lewis,Lily,Linda,Logan,Louis,Louise,Lucas,Lucy,Luke
            Lydia,Mabel,Malcolm,Margaret,Maria,Marian,Mark,Martha,Martin,Mary,Matthew,Maya,Megan,Melissa,Michael,Miles,Miriam
            Molly,Monica,Nancy,Naomi,Natalie,Nathan,Neil,Nicholas,Nina,Noah,Nora,Norman,Oliver,Olivia,Oscar,Owen,Pamela
            Patricia,Patrick,Paul,Paula,Pearl,Peter,Philip,Phoebe,Rachel,Ralph,Raymond,Rebecca,Richard,Robert,Robin,Roger
            Rosa,Rose,Ruby,Russell,Ruth,Ryan,Samuel,Sandra,Sarah,Scott,Sean,Sidney,Simon,Sophie,Stella,Stephen,Stuart,Susan
            Sylvia,Tara,Teresa,Theo,Thomas,Timothy,Toby,Tracy,Ursula,Valerie,Vera,Victor,Victoria,Vincent,Violet,Virginia
            Walter,Wanda,Warren,Wendy,William,Winifred,Yvonne,Zachary,Zoe
            """,
            .familyNames: """
            Abbott,Adams,Allen,Anderson,Archer,Armstrong,Atkins,Bailey,Baker,Barker,Barnes,Barrett,Bates,Baxter,Bell,Bennett
            Berry,Bishop,Blackwell,Booth,Bowen,Bradley,Brennan,Brooks,Brown,Bryant,Burgess,Burke,Burns,Butler,Byrne,Campbell
            Carpenter,Carter,Chambers,Chapman,Clark,Clarke,Coleman,Collins,Cooper,Cox,Crawford,Cross,Cunningham,Curtis,Dalton
            Davidson,Davies,Davis,Dawson,Dean,Dixon,Doyle,Drake,Duncan,Dunn,Edwards,Elliott,Ellis,Evans,Farrell,Ferguson
            Fields,Fisher,Fleming,Fletcher,Foster,Fowler,Fox,Francis,Franklin,Freeman,Gardner,Gibson,Gilbert,Gordon,Graham
            Grant,Graves,Gray,Green,Griffin,Hale,Hall,Hamilton,Hammond,Harper,Harris,Harrison,Hart,Harvey,Hawkins,Hayes
            Henderson,Hicks,Higgins,Hill,Hodge,Holland,Holmes,Hopkins,Houston,Howard,Howell,Hudson,Hughes,Hunt,Hunter,Irving
            Jackson,Jacobs,James,Jenkins,Jennings,Johnson,Johnston,Jones,Jordan,Kelly,Kennedy,King,Knight,Lambert,Lane,Lawson
            Lee,Leonard,Lewis,Lloyd,Long,Lowe,Lucas,Lynch,MacDonald,Mann,Marsh,Marshall,Martin,Mason,Matthews,May,McCarthy
            McKenzie,Miller,Mills,Mitchell,Moore,Morgan,Morris,Morrison,Morton,Murphy,Murray,Myers,Nash,Nelson,Newman,Newton
            Nichols,Nolan,Norris,Norton,Oliver,Osborne,Owen,Page,Palmer,Parker,Parsons,Patterson,Payne,Pearce,Perkins,Perry
            Peters,Phillips,Pierce,Porter,Potter,Powell,Price,Quinn,Ramsey,Randall,Reed,Reid,Reynolds,Rhodes,Richards,Riley
            Roberts,Robinson,Rogers,Rose,Ross,Rowe,Russell,Ryan,Sanders,Saunders,Schofield,Scott,Sharp,Shaw,Shepherd,Simmons
            Simpson,Slater,Smith,Spencer,Stephens,Stevens,Stewart,Stone,Sutton,Taylor,Thomas,Thompson,Thornton,Tucker,Turner
            Tyler,Vaughan,Wade,Walker,Wallace,Walsh,Walters,Ward,Warner,Watkins,Watson,Watts,Webb,Webster,Wells,West,Wheeler
            White,Wilkins,Williams,Willis,Wilson,Winter,Wood,Woods,Wright,York,Young
            """,
            .cities: """
            Ashford,Aylesbury,Bath,Bedford,Birmingham,Boston,Bradford,Brighton,Bristol,Burlington,Cambridge,Canterbury,Cardiff
            Charleston,Chester,Chicago,Cleveland,Columbus,Coventry,Dallas,Denver,Derby,Dover,Dublin,Durham,Edinburgh,Exeter
            Fairfield,Franklin,Glasgow,Gloucester,Greenville,Hamilton,Hartford,Hereford,Houston,Hull,Inverness,Ipswich,Jackson
            Kingston,Lancaster,Leeds,Leicester,Lexington,Lincoln,Liverpool,London,Madison,Manchester,Melbourne,Milton,Newcastle
            Newport,Norwich,Nottingham,Oakland,Oxford,Perth,Phoenix,Plymouth,Portland,Portsmouth,Preston,Reading,Richmond
            Rochester,Salem,Salisbury,Seattle,Sheffield,Southampton,Springfield,Stirling,Swansea,Sydney,Toronto,Truro,Wells
            Winchester,Windsor,Worcester,York
            """,
            .streets: """
            Abbey_Road,Acorn_Lane,Alder_Close,Apple_Street,Ash_Grove,Bank_Street,Beech_Avenue,Bell_Lane,Birch_Road,Bridge_Street
            Broad_Street,Canal_Walk,Castle_Street,Cedar_Drive,Chapel_Lane,Cherry_Tree_Road,Church_Street,Clover_Court
            College_Road,Copper_Lane,Cross_Street,Dale_Street,East_Street,Elm_Street,Fairview_Avenue,Farm_Lane,Fern_Close
            Field_Road,Forest_Drive,Garden_Street,Grange_Road,Green_Lane,Grove_Street,Harbour_Road,Hazel_Court,High_Street
            Highland_Avenue,Hill_Street,Holly_Lane,Ivy_Court,King_Street,Lake_View,Laurel_Drive,Lime_Tree_Avenue,Linden_Road
            Long_Lane,Main_Street,Manor_Road,Maple_Avenue,Market_Street,Meadow_Lane,Mill_Lane,Moss_Road,New_Road,North_Street
            Oak_Avenue,Old_Mill_Road,Orchard_Close,Park_Lane,Pine_Street,Poplar_Road,Priory_Lane,Queen_Street,Railway_Street
            Ridge_Road,River_Street,Rose_Lane,School_Lane,South_Street,Spring_Gardens,Spruce_Street,Station_Road,Stone_Street
            Sunny_Bank,Tower_Street,Union_Street,Valley_Road,Victoria_Road,Walnut_Street,Water_Lane,West_Street,Willow_Road
            Windmill_Lane,Wood_Street
            """,
            .words: """
            about,above,across,after,again,air,along,always,among,answer,apple,around,autumn,because,before,begin,behind,below
            between,bird,blue,board,book,bread,bridge,bright,build,busy,calm,candle,careful,carry,change,circle,clear,cloud,coast
            cold,corner,country,create,dance,day,deep,door,dream,early,earth,east,easy,evening,every,example,field,find,fire,first
            floor,flower,follow,forest,found,fresh,friend,garden,gentle,give,glass,gold,good,grain,grass,great,green,ground,grow
            half,happy,harbour,heavy,help,high,hill,hold,home,hope,house,idea,inside,island,journey,keep,kind,kitchen,lake,large
            later,leaf,learn,light,listen,little,long,look,market,meadow,measure,meet,middle,mild,mirror,month,moon,morning
            mountain,moving,music,narrow,near,never,night,north,number,ocean,often,open,orange,order,other,paper,path,pattern
            people,picture,place,plain,plant,point,power,quick,quiet,rain,reach,ready,right,river,road,room,round,sail,sand,school
            season,second,seed,shape,share,shore,short,side,silver,simple,sky,slow,small,smooth,snow,soft,soil,song,south,spring
            square,start,steady,still,stone,story,straight,street,strong,summer,sun,table,talk,tall,thing,think,through,time
            together,town,travel,tree,turn,under,valley,village,voice,walk,wall,warm,water,weather,west,wheat,wheel,white,wide,wind
            window,winter,wood,word,world,write,year,yellow,young
            """,
            .jobs: """
            Accountant,Analyst,Architect,Baker,Bookkeeper,Buyer,Carpenter,Chemist,Clerk,Consultant,Copywriter,Dentist,Designer
            Developer,Editor,Electrician,Engineer,Gardener,Geologist,Illustrator,Interpreter,Journalist,Lecturer,Librarian
            Manager,Mechanic,Nurse,Optician,Painter,Pharmacist,Photographer,Physician,Physiotherapist,Pilot,Planner,Plumber
            Producer,Programmer,Researcher,Sales_Assistant,Secretary,Surveyor,Tailor,Teacher,Technician,Translator,Veterinarian
            """,
            .products: """
            Backpack,Basket,Bicycle_Bell,Blanket,Bookshelf,Bottle,Bowl,Broom,Camera_Strap,Candle,Chair,Clock,Coffee_Mill,Cup,Cushion
            Desk,Desk_Lamp,Drawer,Envelope_Set,Fountain_Pen,Frying_Pan,Garden_Hose,Glass,Gloves,Hammer,Headphones,Jar,Jug
            Keyboard,Kettle,Ladder,Lantern,Mirror,Monitor_Stand,Mug,Notebook,Paintbrush,Pencil,Picture_Frame,Pillow,Plate
            Rain_Jacket,Rug,Saucepan,Scarf,Screwdriver,Shelf,Spoon_Set,Stool,Suitcase,Table,Tea_Pot,Toolbox,Towel,Tray,Umbrella
            Vase,Wallet,Watering_Can
            """,
            .companies: """
            Amber_Field,Blue_Harbour,Bright_Lantern,Copper_Kettle,Crossway,Evergreen,Fairwind,Fieldstone,Golden_Wheat,Granite_Hill
            Greenway,Hillcrest,Ironbridge,Keystone,Lakeside,Long_Meadow,Maple_Leaf,Millbrook,Moonrise,Northwind,Oakridge,Old_Mill
            Open_Sky,Pinewood,Quiet_River,Red_Barn,Riverbend,Rosewood,Seabright,Silver_Birch,Stonegate,Summit,Sunnyside,Tall_Oak
            Tidewater,Valley_View,Westbrook,Whitestone,Wildflower,Windmill
            """,
        ],
        country: "US",
        timeZone: "America/New_York",
        // 555-0100 to 555-0199 are reserved for fiction.
        phone: "+1 202-555-01##",
        postcode: "#####"
    )
}
